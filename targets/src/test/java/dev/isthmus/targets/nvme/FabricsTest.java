package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.targets.RamDevice;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FabricsTest {

  private final TargetFixture fixture = new TargetFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private HostQueue.Completion connect(Consumer<HostQueue.Connect> change) throws IOException {
    try (var queue = HostQueue.initialized(fixture.port(), false, false)) {
      var c = HostQueue.Connect.to(TargetFixture.NQN);
      change.accept(c);
      return queue.connect(c);
    }
  }

  private static final int IN_DATA = 1 << 16;

  @Test
  void wrongConnectsAreToldWhatIsWrong() throws IOException {
    var format = connect(c -> c.recfmt = 1);
    assertEquals(0x180, format.code());
    assertTrue(format.doNotRetry());

    var unknown = connect(c -> c.subsystem = "nqn.2026-01.dev.isthmus:other");
    assertEquals(0x182, unknown.code());
    assertEquals(256 | IN_DATA, unknown.result());
    assertTrue(!unknown.doNotRetry(), "hosts come back before their volume is open");

    assertEquals(512 | IN_DATA, connect(c -> c.host = "").result());
    assertEquals(512 | IN_DATA, connect(c -> c.host = "somebody").result());
    assertEquals(16 | IN_DATA, connect(c -> c.cntlid = 1).result());
    assertEquals(44, connect(c -> c.sqsize = 0).result());
    assertEquals(44, connect(c -> c.sqsize = 128).result());
    assertEquals(0, connect(c -> c.sqsize = 127).status());
    assertEquals(42, connect(c -> c.qid = 17).result());
    assertEquals(0x182, connect(c -> c.qid = 17).code());
    // An I/O queue of a controller that is not there.
    assertEquals(
        16 | IN_DATA,
        connect(
                c -> {
                  c.qid = 1;
                  c.cntlid = 77;
                })
            .result());
    assertEquals(0, connect(c -> {}).status());
  }

  @Test
  void ioQueuesBelongToTheirHostAndController() throws IOException {
    try (var host = TestHost.connect(fixture.port(), TargetFixture.NQN, 0)) {
      assertEquals(
          512 | IN_DATA, refused(host, c -> c.host = "nqn.2026-01.dev.isthmus:x").result());
      assertEquals(IN_DATA, refused(host, c -> c.hostId = 2).result());
      host.addQueue(1, 31);
      assertEquals(0x00C, refused(host, c -> {}).code(), "a second queue 1");
      host.addQueue(2, 127);
    }
  }

  private HostQueue.Completion refused(TestHost host, Consumer<HostQueue.Connect> change)
      throws IOException {
    try (var queue = HostQueue.initialized(fixture.port(), false, false)) {
      var c = host.ioConnect(1, 31);
      change.accept(c);
      var done = queue.connect(c);
      assertNotEquals(0, done.status());
      return done;
    }
  }

  @Test
  void nothingButFabricsBeforeConnectAndNoIoBeforeEnable() throws IOException {
    try (var queue = HostQueue.initialized(fixture.port(), false, false)) {
      assertEquals(0x00C, queue.execute(HostQueue.entry(0x06, 0).putInt(40, 1), 4096).code());
      assertEquals(0x00C, queue.propertyGet(0, 8).code());
      var c = queue.connect(HostQueue.Connect.to(TargetFixture.NQN));
      assertEquals(0, c.status());
      assertEquals(
          0x00C, queue.connect(HostQueue.Connect.to(TargetFixture.NQN)).code(), "once only");
      assertEquals(0x00C, queue.execute(HostQueue.entry(0x06, 0).putInt(40, 1), 4096).code());
      try (var io = HostQueue.initialized(fixture.port(), false, false)) {
        var wish = HostQueue.Connect.to(TargetFixture.NQN);
        wish.qid = 1;
        wish.cntlid = (int) c.result();
        assertEquals(0x00C, io.connect(wish).code());
      }
    }
  }

  @Test
  void properties() throws IOException {
    try (var host = TestHost.connect(fixture.port(), TargetFixture.NQN, 0)) {
      long cap = host.admin.propertyGet(0, 8).result();
      assertEquals(127, cap & 0xFFFF, "MQES");
      assertTrue((cap & 1L << 16) != 0, "CQR");
      assertTrue((cap >> 24 & 0xFF) > 0, "TO");
      assertEquals(0x20000, host.admin.propertyGet(8, 4).result());
      assertEquals(TestHost.ENABLE, host.admin.propertyGet(0x14, 4).result());
      assertEquals(0x002, host.admin.propertyGet(0x28, 8).code());
      assertEquals(0x002, host.admin.propertyGet(0, 4).code());
      assertEquals(0x002, host.admin.propertySet(0x1C, 1).code());
      assertEquals(0x001, host.addQueue(1, 31).propertyGet(0, 8).code());
    }
  }

  @Test
  void aControllerThatIsConfiguredWrongIsFatal() throws IOException {
    try (var queue = HostQueue.initialized(fixture.port(), false, false)) {
      assertEquals(0, queue.connect(HostQueue.Connect.to(TargetFixture.NQN)).status());
      assertEquals(0, queue.propertySet(TestHost.CC, 1).status());
      assertEquals(2, queue.propertyGet(TestHost.CSTS, 4).result(), "CFS");
    }
  }

  @Test
  void resetAndShutdown() throws IOException, InterruptedException {
    try (var host = fixture.host()) {
      host.admin.propertySet(TestHost.CC, 0);
      TargetFixture.eventually("not ready", () -> csts(host) == 0);
      assertTrue(host.io().isEnded());
      host.enable();
      host.io.clear();
      host.addQueue(1, 31);
      assertEquals(0, host.read(0, 1, BLOCK).status());
      host.admin.propertySet(TestHost.CC, TestHost.ENABLE | 1 << 14);
      TargetFixture.eventually("shut down", () -> (csts(host) >> 2 & 3) == 2);
      assertTrue(
          fixture.device.seen().getLast() instanceof dev.isthmus.blockdevice.IoCommand.Flush);
    }
  }

  private static long csts(TestHost host) {
    try {
      return host.admin.propertyGet(TestHost.CSTS, 4).result();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anIoQueueCanBeDisconnectedAlone() throws IOException {
    try (var host = fixture.host()) {
      var second = host.addQueue(2, 31);
      assertEquals(0, host.io().execute(HostQueue.entry(0x7F, 8), 0).status());
      assertTrue(host.io().isEnded());
      assertEquals(0, second.execute(TestHost.rw(0x02, 0, 1), BLOCK).status());
      host.io.set(0, host.addQueue(1, 31));
      assertEquals(0, host.read(0, 1, BLOCK).status());
      assertEquals(0x001, host.admin.execute(HostQueue.entry(0x7F, 8), 0).code());
    }
  }

  @Test
  void anIdleIoQueueMayGoButOneWithCommandsTakesTheOthersAlong()
      throws IOException, InterruptedException {
    try (var host = fixture.host()) {
      var second = host.addQueue(2, 31);
      second.close();
      assertEquals(0, host.read(0, 1, BLOCK).status());
      var third = host.addQueue(3, 31);
      fixture.device.hold(c -> true);
      third.submit(TestHost.rw(0x02, 0, 1), BLOCK);
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 1);
      third.close();
      assertTrue(host.io().isEnded());
      assertEquals(1, host.admin.propertyGet(TestHost.CSTS, 4).result(), "the controller is there");
      fixture.device.release();
      host.io.set(0, host.addQueue(1, 31));
      assertEquals(0, host.read(0, 1, BLOCK).status());
    }
  }

  @Test
  void everyAssociationHasItsOwnController() throws IOException {
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      try (var a = fixture.host();
          var b = fixture.host()) {
        assertTrue(seen.add(a.cntlid));
        assertTrue(seen.add(b.cntlid));
        assertEquals(a.cntlid, HostQueue.le(a.identify(1, 0).data()).getShort(78));
      }
    }
  }

  @Test
  void onlyAllowedHostsConnect() throws IOException {
    String nqn = "nqn.2026-01.dev.isthmus:private";
    var device = new RamDevice(1 << 20, BLOCK);
    fixture.target.publish(
        new NvmeSubsystem(nqn, HostAccess.only("nqn.2026-01.dev.isthmus:friend"), device));
    var refused =
        assertThrows(
            TestHost.RefusedException.class, () -> TestHost.connect(fixture.port(), nqn, 1));
    assertEquals(0x184, refused.completion.code());
    fixture.target.setHosts(nqn, HostAccess.only(HostQueue.HOST_NQN));
    try (var host = TestHost.connect(fixture.port(), nqn, 1)) {
      assertEquals(0, host.read(0, 1, BLOCK).status());
      fixture.target.setHosts(nqn, HostAccess.only());
      assertTrue(host.io().isEnded());
    }
  }

  @Test
  void controllersAreLimited() throws IOException {
    var limits = NvmeLimits.defaults();
    try (var few =
            new TargetFixture(s ->
                s.withLimits(
                    new NvmeLimits(
                        2,
                        limits.queueDepth(),
                        limits.inCapsuleBytes(),
                        limits.maxTransferBytes(),
                        limits.maxH2cDataBytes(),
                        1)));
        var host = few.host()) {
      assertEquals(1 | 1 << 16, host.setFeature(7, 31 | 31 << 16).result());
      assertEquals(0, host.setFeature(7, 0).result());
      var busy = assertThrows(TestHost.RefusedException.class, few::host);
      assertEquals(0x181, busy.completion.code());
      assertTrue(!busy.completion.doNotRetry());
    }
  }

  @Test
  void connectionsAreLimited() throws IOException {
    try (var few = new TargetFixture(s -> s.withLoop(s.loop().withMaxConnections(3)));
        var host = few.host();
        var third = HostQueue.initialized(few.port(), false, false)) {
      try (var fourth = new HostQueue(few.port())) {
        assertTrue(fourth.isEnded());
      }
      assertEquals(0, host.read(0, 1, BLOCK).status());
      assertEquals(3, few.target.statistics().connections());
      assertEquals(0, third.connect(HostQueue.Connect.to(TargetFixture.NQN)).status());
      assertEquals(1, few.target.statistics().connectionsRefused());
    }
  }

  @Test
  void unpublishedSubsystemsAreGone() throws IOException {
    try (var host = fixture.host()) {
      assertTrue(fixture.target.unpublish(TargetFixture.NQN).getAsBoolean());
      assertTrue(host.io().isEnded());
      assertTrue(host.admin.isEnded());
    }
    var gone = assertThrows(TestHost.RefusedException.class, fixture::host);
    assertEquals(0x182, gone.completion.code());
    assertThrows(IllegalArgumentException.class, () -> fixture.target.unpublish(TargetFixture.NQN));
    fixture.target.publish(new NvmeSubsystem(TargetFixture.NQN, HostAccess.any(), fixture.device));
    try (var host = fixture.host()) {
      assertEquals(0, host.read(0, 1, BLOCK).status());
    }
  }

  @Test
  void manyConnections() throws IOException {
    var hosts = new java.util.ArrayList<TestHost>();
    try {
      for (int i = 0; i < 40; i++) {
        hosts.add(TestHost.connect(fixture.port(), TargetFixture.NQN, 4));
      }
      for (TestHost host : hosts) {
        for (HostQueue queue : host.io) {
          queue.submit(TestHost.rw(0x02, 0, 4), 4 * BLOCK);
        }
      }
      for (TestHost host : hosts) {
        for (HostQueue queue : host.io) {
          assertEquals(0, queue.await(2).status());
        }
      }
    } finally {
      for (TestHost host : hosts) {
        host.close();
      }
    }
  }
}
