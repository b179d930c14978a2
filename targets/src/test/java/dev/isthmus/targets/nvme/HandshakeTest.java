package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static dev.isthmus.targets.nvme.TargetFixture.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ICReq, digests, and connections that break the transport's rules. */
class HandshakeTest {

  private final TargetFixture fixture = new TargetFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  /** Sends bytes and gives the C2HTermReq that must follow. */
  private HostQueue.Pdu termReq(HostQueue queue, byte[] bytes) throws IOException {
    queue.sendRaw(bytes);
    HostQueue.Pdu pdu = queue.receive();
    assertEquals(3, java.util.Objects.requireNonNull(pdu).type());
    assertEquals(0, pdu.flags(), "no digests");
    assertTrue(queue.isEnded());
    return pdu;
  }

  @ParameterizedTest
  @CsvSource({"1, 0, 0, 6, 8", "0, 32, 0, 1, 10", "0, 0, 4, 1, 11"})
  void wrongIcReqsAreRefused(int pfv, int hpda, int digests, int status, int at)
      throws IOException {
    try (var queue = new HostQueue(fixture.port())) {
      byte[] request = HostQueue.icReq(pfv, hpda, digests);
      var refused = termReq(queue, request);
      assertEquals(status, refused.u16(8));
      assertEquals(at, refused.u32(10));
      assertArrayEquals(request, refused.data());
    }
  }

  @Test
  void wrongLengthsOfIcReqAreRefused() throws IOException {
    try (var queue = new HostQueue(fixture.port())) {
      byte[] request = HostQueue.icReq(0, 0, 0);
      HostQueue.le(request).putInt(4, 129);
      assertEquals(4, termReq(queue, request).u32(10));
    }
    try (var queue = new HostQueue(fixture.port())) {
      byte[] request = HostQueue.icReq(0, 0, 0);
      request[2] = 127;
      assertEquals(2, termReq(queue, request).u32(10));
    }
  }

  @Test
  void orderOfPdusIsHeld() throws IOException {
    try (var queue = new HostQueue(fixture.port())) {
      assertEquals(2, termReq(queue, queue.frame(4, 0, new byte[72], new byte[0])).u16(8));
    }
    try (var queue = HostQueue.initialized(fixture.port(), false, false)) {
      assertEquals(2, termReq(queue, HostQueue.icReq(0, 0, 0)).u16(8));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 31})
  void dataIsAlignedAsTheHostAsks(int hpda) throws IOException {
    try (var admin = new HostQueue(fixture.port())) {
      admin.sendRaw(HostQueue.icReq(0, hpda, 0));
      admin.socket.getInputStream().readNBytes(128);
      assertEquals(0, admin.connect(HostQueue.Connect.to(TargetFixture.NQN)).status());
      assertEquals(0, admin.propertySet(TestHost.CC, TestHost.ENABLE).status());
      admin.submit(HostQueue.entry(0x06, 0).putInt(40, 1), 4096);
      byte[] header = admin.socket.getInputStream().readNBytes(8);
      int pdo = header[3] & 0xFF;
      assertEquals(0, pdo % ((hpda + 1) * 4));
      assertTrue(pdo >= 24);
    }
  }

  @Test
  void aWrongHeaderDigestEndsTheConnection() throws IOException {
    var to = HostQueue.Connect.to(TargetFixture.NQN);
    try (var host = TestHost.connect(fixture.port(), to, 1, true, false)) {
      host.io().corruptHeaderDigest = true;
      int cid = host.io().submit(TestHost.rw(0x02, 0, 1), BLOCK);
      var ended = assertThrows(HostQueue.TerminatedException.class, () -> host.io().await(cid));
      assertEquals(3, ended.status);
    }
  }

  @Test
  void aWrongDataDigestFailsTheCommandOnly() throws IOException {
    var to = HostQueue.Connect.to(TargetFixture.NQN);
    try (var host = TestHost.connect(fixture.port(), to, 1, true, true)) {
      for (int size : new int[] {BLOCK, 600 << 10}) {
        host.io().corruptDataDigest = true;
        var done = host.write(0, bytes(size, 1), BLOCK);
        assertEquals(0x022, done.code());
        assertTrue(!done.doNotRetry());
        assertArrayEquals(new byte[BLOCK], fixture.device.peek(0, BLOCK));
      }
      assertEquals(0, host.write(0, bytes(BLOCK, 1), BLOCK).status());
    }
  }

  @Test
  void wrongH2cDataEndsTheConnection() throws IOException {
    record Case(int cidOff, int tagOff, int offset, int length, boolean last, int status) {}
    int size = 16 << 10;
    for (Case wrong :
        new Case[] {
          new Case(1, 0, 0, size, true, 1),
          new Case(0, 1, 0, size, true, 1),
          new Case(0, 0, 4, size - 4, true, 4),
          new Case(0, 0, 0, size + 4, true, 4),
          new Case(0, 0, 0, size, false, 1),
          new Case(0, 0, 0, 4096, true, 1),
          new Case(0, 0, 0, 512 << 10, true, 5)
        }) {
      try (var host = fixture.host()) {
        var q = host.io();
        int cid = q.submitByR2t(TestHost.rw(0x01, 0, 4), new byte[size]);
        var r2t = java.util.Objects.requireNonNull(q.receive());
        assertEquals(9, r2t.type());
        byte[] header =
            HostQueue.dataHeader(
                cid + wrong.cidOff, r2t.u16(10) + wrong.tagOff, wrong.offset, wrong.length);
        byte[] pdu = q.frame(6, wrong.last ? 4 : 0, header, new byte[wrong.length]);
        q.sendRaw(Arrays.copyOf(pdu, 4096));
        var ended = assertThrows(HostQueue.TerminatedException.class, q::step, wrong.toString());
        assertEquals(wrong.status, ended.status, wrong.toString());
      }
    }
  }

  @Test
  void aQueueTakesNoMoreThanItsEntries() throws IOException, InterruptedException {
    try (var host = TestHost.connect(fixture.port(), TargetFixture.NQN, 0)) {
      var q = host.addQueue(1, 3);
      fixture.device.hold(c -> true);
      for (int i = 0; i < 4; i++) {
        q.submit(TestHost.rw(0x02, i, 1), BLOCK);
      }
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 4);
      q.submit(TestHost.rw(0x02, 9, 1), BLOCK);
      assertEquals(2, assertThrows(HostQueue.TerminatedException.class, q::step).status);
    }
  }

  @Test
  void silentConnectionsAreClosed() throws IOException {
    try (var quick =
        new TargetFixture(s ->
            s.withTimeouts(
                NvmeTimeouts.defaults().withHandshakeNanos(Duration.ofSeconds(2).toNanos())))) {
      try (var queue = new HostQueue(quick.port())) {
        assertTrue(queue.isEnded());
      }
      try (var queue = HostQueue.initialized(quick.port(), false, false)) {
        assertTrue(queue.isEnded());
      }
      try (var host = quick.host()) {
        assertEquals(0, host.read(0, 1, BLOCK).status());
      }
    }
  }

  @Test
  void aTermReqOfTheHostEndsTheConnection() throws IOException {
    try (var host = fixture.host()) {
      byte[] pdu = new byte[24];
      pdu[0] = 2;
      pdu[2] = 24;
      HostQueue.le(pdu).putInt(4, 24).putShort(8, (short) 1);
      host.io().sendRaw(pdu);
      assertTrue(host.io().isEnded());
    }
  }

  @Test
  void bytesMayComeOneByOne() throws IOException {
    var to = HostQueue.Connect.to(TargetFixture.NQN);
    try (var host = TestHost.connect(fixture.port(), to, 1, true, true)) {
      byte[] data = bytes(BLOCK, 1);
      byte[] header = new byte[72];
      HostQueue.inCapsule(TestHost.rw(0x01, 5, 1), BLOCK)
          .putShort(2, (short) 99)
          .get(0, header, 8, 64);
      byte[] pdu = host.io().frame(4, 0, header, data);
      for (int i = 0; i < pdu.length; i += i < 90 ? 1 : 37) {
        host.io().sendRaw(Arrays.copyOfRange(pdu, i, Math.min(pdu.length, i + (i < 90 ? 1 : 37))));
      }
      assertEquals(99, java.util.Objects.requireNonNull(host.io().receive()).u16(20));
      assertArrayEquals(data, fixture.device.peek(5L * BLOCK, BLOCK));
    }
  }
}
