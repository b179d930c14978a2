package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.targets.loop.Outbox;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Each layout against bytes worked out by hand from NVMe/TCP 1.0 and Base 2.0. */
class PduGoldenTest {

  private static MemorySegment segment(String hex) {
    return MemorySegment.ofArray(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  private static void assertHex(String expected, byte[] actual) {
    assertEquals(expected.replace(" ", ""), HexFormat.of().formatHex(actual));
  }

  @Test
  void icReq() {
    // Type 0, HLEN 128, PLEN 128, PFV 0, HPDA 3, both digests, MAXR2T 4 (zero-based).
    MemorySegment s = segment("00 00 80 00 80000000 0000 03 03 04000000" + "00".repeat(112));
    assertEquals(new PduHeader(0, 0, 128, 0, 128), PduHeader.read(s, 0));
    assertEquals(new IcReq(0, 3, 3, 4), IcReq.read(s, 0));
  }

  @Test
  void icResp() {
    byte[] pdu = new byte[128];
    new IcResp(3, 0x40000).write(MemorySegment.ofArray(pdu), 0);
    assertHex("01 00 80 00 80000000 0000 00 03 00000400" + "00".repeat(112), pdu);
  }

  @Test
  void capsuleResp() {
    var outbox = Outbox.detached();
    new PduSender(outbox).capsuleResp(0x0102030405060708L, 0x2A, 0x1234, 0x4002);
    assertHex(
        "05 00 18 00 18000000 0807060504030201 2A00 0000 3412 0480"
            .toLowerCase(java.util.Locale.ROOT),
        outbox.drain());
  }

  @Test
  void r2tWithHeaderDigest() {
    var outbox = Outbox.detached();
    var sender = new PduSender(outbox);
    sender.agree(true, false, 0);
    sender.r2t(0x1234, 7, 0, 0x10000);
    byte[] pdu = outbox.drain();
    String header = "09 01 18 00 1c000000 3412 0700 00000000 00000100 00000000".replace(" ", "");
    int digest = HostQueue.crc(HexFormat.of().parseHex(header), 0, 24);
    assertHex(header + HexFormat.of().toHexDigits(Integer.reverseBytes(digest)), pdu);
  }

  @Test
  void h2cData() {
    // LAST, HLEN 24, PDO 24, PLEN 4120: 4096 bytes from offset 8192.
    MemorySegment s = segment("06 04 18 18 18100000 3412 0700 00200000 00100000 00000000");
    assertEquals(new PduHeader(6, 4, 24, 24, 4120), PduHeader.read(s, 0));
    assertEquals(new DataPdu(0x1234, 7, 8192, 4096), DataPdu.read(s, 0));
  }

  @Test
  void c2hTermReq() {
    byte[] pdu = new byte[32];
    new TermReq(1, 0x0A0B0C0D)
        .write(MemorySegment.ofArray(pdu), 0, segment("ffeeddccbbaa9988"), 0, 8);
    assertHex("03 00 18 00 20000000 0100 0d0c0b0a 00000000000000000000 ffeeddccbbaa9988", pdu);
    assertEquals(new TermReq(1, 0x0A0B0C0D), TermReq.read(MemorySegment.ofArray(pdu), 0));
  }

  /** RFC 3720, B.4: the CRC32C of 32 zero bytes. */
  @Test
  void digest() {
    assertEquals(
        0x8A9136AA,
        Digest.of(new java.util.zip.CRC32C(), MemorySegment.ofArray(new byte[32]), 0, 32));
  }
}
