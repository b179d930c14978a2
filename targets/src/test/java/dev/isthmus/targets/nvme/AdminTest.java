package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.IoCommand;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdminTest {

  private final TargetFixture fixture = new TargetFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private static String text(byte[] data, int at, int length) {
    return new String(data, at, length, StandardCharsets.US_ASCII).replace("\0", "").strip();
  }

  /** What Linux refuses a controller for, and what it finds a disk again by. */
  @Test
  void identifyController() throws IOException {
    try (var host = fixture.host()) {
      byte[] data = host.identify(1, 0).data();
      ByteBuffer d = HostQueue.le(data);
      assertEquals(
          new NvmeSubsystem(TargetFixture.NQN, HostAccess.any(), fixture.device).serial(),
          text(data, 4, 20));
      assertEquals("Isthmus", text(data, 24, 40));
      assertEquals(8, data[77], "MDTS: 1 MiB");
      assertEquals(host.cntlid, d.getShort(78));
      assertEquals(0x20000, d.getInt(80));
      assertEquals(1 << 8 | 1 << 11, d.getInt(92), "OAES");
      assertEquals(1, data[111], "CNTRLTYPE");
      assertEquals(300, d.getShort(128), "CRDT1");
      assertTrue(data[259] >= 3, "AERL");
      assertNotEquals(0, d.getShort(320), "KAS");
      assertEquals(0x66, data[512]);
      assertEquals(0x44, data[513]);
      assertEquals(128, d.getShort(514), "MAXCMD");
      assertTrue(d.getInt(516) >= d.getInt(540) && d.getInt(540) > 0, "NN and MNAN");
      assertEquals(7, data[525], "VWC");
      assertTrue((d.getInt(536) & 3) != 0 && (d.getInt(536) & 1 << 20) != 0, "SGLS");
      assertEquals(TargetFixture.NQN, text(data, 768, 256));
      assertEquals((64 + 8192) / 16, d.getInt(1792), "IOCCSZ");
      assertEquals(1, d.getInt(1796), "IORCSZ");
      assertEquals(0, d.getShort(1800), "ICDOFF");
      // ANA.
      assertTrue((data[76] & 1 << 3) != 0 && (data[76] & 1 << 1) != 0, "CMIC");
      assertNotEquals(0, data[342], "ANATT");
      assertEquals(1 | 1 << 2 | 1 << 3, data[343], "ANACAP");
      assertEquals(1, d.getInt(344));
      assertEquals(1, d.getInt(348));
    }
  }

  @Test
  void identifyNamespace() throws IOException {
    try (var host = fixture.host()) {
      byte[] data = host.identify(0, 1).data();
      ByteBuffer d = HostQueue.le(data);
      assertEquals((64L << 20) / BLOCK, d.getLong(0));
      assertEquals(1, data[30], "NMIC");
      assertEquals(1, d.getInt(92), "ANAGRPID");
      byte[] nguid = fixture.device.info().identity().nguid();
      assertArrayEquals(nguid, Arrays.copyOfRange(data, 104, 120));
      assertEquals(12, data[130], "LBADS");

      byte[] ids = host.identify(3, 1).data();
      assertEquals(3, ids[0]);
      var uuid = fixture.device.info().identity().uuid();
      ByteBuffer big = ByteBuffer.wrap(ids);
      assertEquals(uuid.getMostSignificantBits(), big.getLong(4));
      assertEquals(uuid.getLeastSignificantBits(), big.getLong(12));
      assertEquals(2, ids[20]);
      assertArrayEquals(nguid, Arrays.copyOfRange(ids, 24, 40));
      assertEquals(4, ids[40]);
      assertEquals(0, ids[45], "the end");

      assertEquals(1, HostQueue.le(host.identify(2, 0).data()).getInt(0));
      assertEquals(0, HostQueue.le(host.identify(2, 1).data()).getInt(0));
      assertEquals(1, HostQueue.le(host.identify(7, 0).data()).getInt(0));
      assertEquals(1, HostQueue.le(host.identify(0x1C, 0).data()).getLong(0));
      assertEquals(1, host.identify(8, 1).data()[14]);
      assertEquals(0, host.identify(5, 1).status());
      assertEquals(0, host.identify(6, 0).status());
      assertArrayEquals(new byte[4096], host.identify(0, 2).data(), "inactive");
      assertEquals(0x00B, host.identify(0, 99).code());
      assertEquals(0x00B, host.identify(3, 2).code());
      assertEquals(0x002, host.identify(0x42, 1).code());
    }
  }

  @Test
  void features() throws IOException {
    try (var host = fixture.host()) {
      for (int feature : new int[] {1, 2, 4, 5, 6, 7, 8, 9, 0xA, 0xB, 0xF}) {
        assertEquals(0, host.getFeature(feature).status(), "feature " + feature);
        assertEquals(0, host.getFeature(feature | 1 << 8).status(), "its default");
        assertEquals(4, host.getFeature(feature | 3 << 8).result(), "its capabilities");
      }
      assertEquals(15 | 15 << 16, host.getFeature(7).result());
      assertEquals(3 | 3 << 16, host.setFeature(7, 3 | 7 << 16).result());
      assertEquals(0x002, host.setFeature(7, 0xFFFF).code());
      assertEquals(0, host.setFeature(0xF, 5500).status());
      assertEquals(6000, host.getFeature(0xF).result(), "rounded up to KAS");
      assertEquals(0, host.setFeature(1, 0x123).status());
      assertEquals(0x123, host.getFeature(1).result());
      assertEquals(0x10D, host.setFeature(1 | 1 << 31, 0).code());
      assertEquals(0x002, host.getFeature(0x7E).code());
      assertEquals(0x002, host.setFeature(0x0B, 1 << 30).code());
      var id = host.admin.execute(HostQueue.entry(0x0A, 0).putInt(40, 0x81).putInt(44, 1), 16);
      assertEquals(1, HostQueue.le(id.data()).getLong(0));
      assertEquals(0x002, host.getFeature(0x81).code(), "64 bits are not enough");
      assertEquals(0x00C, host.setFeature(0x81, 1).code());
    }
  }

  @Test
  void logPages() throws IOException {
    try (var host = fixture.host()) {
      byte[] supported = host.logPage(0, 0, 1024).data();
      for (int page : new int[] {0, 1, 2, 3, 4, 5, 0xC, 0x12, 0x13}) {
        assertEquals(1, supported[page * 4], "page " + page);
        assertEquals(0, host.logPage(page, 0, 64).status(), "page " + page);
        assertEquals(512, host.logPage(page, 0, 512).data().length);
      }
      assertEquals(0x109, host.logPage(0x70, 0, 64).code());
      assertEquals(0x109, host.logPage(0x80, 0, 64).code());
      assertEquals(0x002, host.logPage(2, 1024, 64).code(), "beyond the page");
      assertEquals(0x002, host.logPage(2, 2, 64).code());
      assertEquals(0x002, host.logPage(2, 0, 2 << 20).code());
      host.read(0, 4, BLOCK);
      assertEquals(1, HostQueue.le(host.logPage(2, 64, 16).data()).getLong(0));
      byte[] effects = host.logPage(5, 0, 4096).data();
      assertEquals(3, effects[1024 + 4], "a write changes data");
      assertEquals(0, effects[4], "Create SQ is not there");
    }
  }

  @Test
  void otherAdminCommandsAreRefused() throws IOException {
    try (var host = fixture.host()) {
      for (int opcode : new int[] {0x00, 0x01, 0x04, 0x05, 0x10, 0x80, 0xC0}) {
        var refused = host.admin.execute(HostQueue.entry(opcode, 0), 0);
        assertEquals(0x001, refused.code());
        assertTrue(refused.doNotRetry());
      }
      assertEquals(0, host.admin.execute(HostQueue.entry(0x18, 0), 0).status());
    }
  }

  @Test
  void eventRequestsAreLimitedAndAbortable() throws IOException {
    try (var host = fixture.host()) {
      int[] cids = new int[8];
      for (int i = 0; i < cids.length; i++) {
        cids[i] = host.admin.submit(HostQueue.entry(0x0C, 0), 0);
      }
      assertEquals(0x105, host.admin.execute(HostQueue.entry(0x0C, 0), 0).code());
      assertEquals(0, abort(host, 0, cids[3]).result() & 1);
      assertEquals(0x007, host.admin.await(cids[3]).code());
    }
  }

  private static HostQueue.Completion abort(TestHost host, int sqid, int cid) throws IOException {
    return host.admin.execute(HostQueue.entry(0x08, 0).putInt(40, sqid | cid << 16), 0);
  }

  @Test
  void aCommandInTheDeviceCanBeAborted() throws Exception {
    try (var host = fixture.host()) {
      fixture.device.hold(c -> c instanceof IoCommand.Write);
      byte[] data = TargetFixture.bytes(BLOCK, 1);
      int write = TestHost.submitWrite(host.io(), 0, data, BLOCK);
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 1);
      int abort = host.admin.submit(HostQueue.entry(0x08, 0).putInt(40, 1 | write << 16), 0);
      assertEquals(0, host.admin.execute(HostQueue.entry(0x18, 0), 0).status());
      TargetFixture.eventually("given up", () -> fixture.device.cancelledCount() == 1);
      assertEquals(0, host.admin.execute(HostQueue.entry(0x18, 0), 0).status());
      assertFalse(host.admin.isDone(abort), "answered when the write's fate is known");
      fixture.device.release();
      assertEquals(0, host.admin.await(abort).result() & 1);
      assertEquals(0x007, host.io().await(write).code());
      assertArrayEquals(new byte[BLOCK], fixture.device.peek(0, BLOCK));
      assertEquals(1, abort(host, 1, 999).result() & 1, "no such command");
      assertEquals(1, abort(host, 9, 1).result() & 1, "no such queue");
    }
  }

  @Test
  void aWriteThatWaitsForItsDataCanBeAborted() throws Exception {
    try (var host = fixture.host()) {
      int cid = host.io().submitByR2t(TestHost.rw(0x01, 0, 4), new byte[4 * BLOCK]);
      int abort = host.admin.submit(HostQueue.entry(0x08, 0).putInt(40, 1 | cid << 16), 0);
      // The data is sent only when the abort has surely reached the other loop.
      Thread.sleep(200);
      assertEquals(0x007, host.io().await(cid).code());
      assertEquals(0, host.admin.await(abort).result() & 1);
    }
  }

  @Test
  void aHostThatIsSilentLosesItsAssociation() throws Exception {
    var to = HostQueue.Connect.to(TargetFixture.NQN);
    to.kato = 3000;
    try (var host = TestHost.connect(fixture.port(), to, 1, false, false)) {
      // I/O counts as a sign of life.
      for (int i = 0; i < 10; i++) {
        assertEquals(0, host.read(0, 1, BLOCK).status());
        Thread.sleep(500);
      }
      assertEquals(0, host.admin.execute(HostQueue.entry(0x18, 0), 0).status());
      assertTrue(host.admin.isEnded());
      assertTrue(host.io().isEnded());
    }
  }
}
