package dev.isthmus.blocktranslation.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.Tiers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The manifest's text: golden file, round trips, and what is refused. */
class ManifestCodecTest {

  private static final List<Rpo> RPOS =
      List.of(Rpo.NONE, Rpo.parse("1s"), Rpo.parse("24h,enforce"));

  static Manifest golden() {
    return new Manifest(
        42,
        "00112233445566778899aabbccddeeff",
        SegmentCodecTest.VOLUME,
        "vol-1.a_b",
        1_767_225_600_000_000_000L,
        1L << 40,
        4096,
        7,
        SegmentCodecTest.WRITER,
        2,
        16,
        UUID.fromString("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"),
        Manifest.State.OPEN,
        "this host was started anew",
        new Tiers(Tier.APPLIED, Tier.UPLOADED, Rpo.parse("90s,enforce")),
        Fencing.CONDITIONAL,
        List.of(
            new Manifest.CheckpointRef(7, -1, 130, 9000, 123_456_789),
            new Manifest.CheckpointRef(6, 0x1234, 66, 4000, 60_000_000)));
  }

  @Test
  void theGoldenFileIsWrittenAndRead() throws FormatException {
    byte[] bytes = GoldenFiles.bytes("manifest.golden.txt");
    assertEquals(
        new String(bytes, StandardCharsets.UTF_8),
        new String(ManifestCodec.encode(golden()), StandardCharsets.UTF_8));
    assertEquals(golden(), ManifestCodec.decode(bytes));
  }

  @Test
  void everyVariantIsReadAsItWasWritten() throws FormatException {
    Manifest m = golden();
    for (Manifest.State state : Manifest.State.values()) {
      for (Tier ack : List.of(Tier.APPLIED, Tier.LOCAL_DURABLE)) {
        for (Tier flush : List.of(Tier.LOCAL_DURABLE, Tier.UPLOADED)) {
          for (int checkpoints = 0; checkpoints <= 2; checkpoints++) {
            Rpo rpo = RPOS.get(checkpoints);
            var variant =
                new Manifest(
                    m.counter(),
                    m.nonce(),
                    m.volume(),
                    m.name(),
                    m.createdNanos(),
                    m.sizeBytes(),
                    512,
                    0,
                    Manifest.NIL,
                    1,
                    1,
                    Manifest.NIL,
                    state,
                    "",
                    new Tiers(ack, flush, rpo),
                    checkpoints == 1 ? Fencing.NONE : Fencing.CONDITIONAL,
                    m.checkpoints().subList(0, checkpoints));
            assertEquals(variant, ManifestCodec.decode(ManifestCodec.encode(variant)));
          }
        }
      }
    }
  }

  /** Whatever a reason holds, the manifest that carries it can be read again. */
  @Test
  void anyReasonForARollbackCanBeReadAgain() throws FormatException {
    var random = new Random(1);
    for (int i = 0; i < 300; i++) {
      var reason = new StringBuilder();
      int length = 1 + random.nextInt(600);
      while (reason.length() < length) {
        reason.append((char) random.nextInt(random.nextBoolean() ? 128 : 65_536));
      }
      Manifest m =
          golden().opened(golden().nonce(), SegmentCodecTest.WRITER, 8, Manifest.NIL, reason + "x");
      Manifest read = ManifestCodec.decode(ManifestCodec.encode(m));
      assertTrue(!read.rolledBack().isEmpty() && read.rolledBack().length() <= 512);
      assertEquals(m.incarnation(), read.incarnation());
    }
  }

  @Test
  void everySingleBitAndEveryTruncationIsSeen() {
    byte[] golden = ManifestCodec.encode(golden());
    for (int bit = 0; bit < golden.length * 8; bit++) {
      byte[] bytes = golden.clone();
      bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThrows(FormatException.class, () -> ManifestCodec.decode(bytes));
    }
    for (int length = 0; length < golden.length; length++) {
      byte[] bytes = Arrays.copyOf(golden, length);
      assertThrows(FormatException.class, () -> ManifestCodec.decode(bytes));
    }
    assertThrows(
        FormatException.class, () -> ManifestCodec.decode(new byte[ManifestCodec.MAX_BYTES + 1]));
  }

  @Test
  void thereIsOneFormOnly() {
    for (String[] change :
        new String[][] {
          {"counter 42", "counter +42"},
          {"counter 42", "counter 042"},
          {"size-bytes 1099511627776", "size-bytes 01099511627776"},
          {"block-size 4096", "block-size 1024"},
          {"name vol-1.a_b", "name ../vol"},
          {"name vol-1.a_b", "name "},
          {"rolled-back this", "rolled-back \tthis"},
          {"rolled-back this host was started anew", "rolled-back "},
          {"aaaaaaaa-bbbb", "AAAAAAAA-bbbb"},
          {"state open", "state OPEN"},
          {"flush uploaded", "flush applied"},
          {"ack applied", "ack uploaded"},
          {"fencing conditional", "fencing NONE"},
          {"fencing conditional", "fencing "},
          {"rpo 90000 enforce", "rpo none"},
          {"rpo 90000 enforce", "rpo 999"},
          {"rpo 90000 enforce", "rpo 86400001"},
          {"rpo 90000 enforce", "rpo 090000 enforce"},
          {"rpo 90000 enforce", "rpo 90000  enforce"},
          {"rpo 90000 enforce", "rpo  enforce"},
          {"rpo 90000 enforce", "rpo - enforce"},
          {"rpo 90000 enforce", "rpo 99999999999999999999"},
          {" 130 9000", " 0130 9000"},
          {"slot-window 16", "slot-window 0"},
          {"slot-window 16", "slot-window 1025"},
        }) {
      byte[] bytes = withCrc(text().replace(change[0], change[1]));
      assertTrue(!Arrays.equals(bytes, ManifestCodec.encode(golden())), change[0]);
      assertThrows(FormatException.class, () -> ManifestCodec.decode(bytes), change[1]);
    }
    assertArrayEquals(withCrc(text()), ManifestCodec.encode(golden()));
  }

  private static String text() {
    return new String(ManifestCodec.encode(golden()), StandardCharsets.UTF_8);
  }

  /** Replaces the last line by the right one for what is before it. */
  static byte[] withCrc(String text) {
    int end = text.lastIndexOf("crc32c ");
    byte[] body = text.substring(0, Math.max(0, end)).getBytes(StandardCharsets.UTF_8);
    byte[] line =
        "crc32c %08x\n"
            .formatted(SegmentCodecTest.crc(body, 0, body.length))
            .getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(body, body.length + line.length);
    System.arraycopy(line, 0, all, body.length, line.length);
    return all;
  }
}
