package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static dev.isthmus.targets.nvme.TargetFixture.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.targets.RamDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An old copy of a write must never land after a newer one. */
class GhostWriteTest {

  private static final byte[] OLD = bytes(BLOCK, 1);
  private static final byte[] NEW = bytes(BLOCK, 2);

  /** The ways in which a host leaves commands behind. */
  @ParameterizedTest
  @ValueSource(strings = {"connection lost", "reset", "keep alive", "one queue lost"})
  void anOldWriteNeverLandsAfterANewOne(String way) throws Exception {
    try (var fixture = new TargetFixture()) {
      var to = HostQueue.Connect.to(TargetFixture.NQN);
      to.kato = way.equals("keep alive") ? 1000 : 0;
      var host = TestHost.connect(fixture.port(), to, 1, false, false);
      fixture.device.hold(c -> c instanceof IoCommand.Write);
      TestHost.submitWrite(host.io(), 0, OLD, BLOCK);
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 1);
      switch (way) {
        case "connection lost" -> host.close();
        case "one queue lost" -> host.io().close();
        case "reset" -> host.admin.propertySet(TestHost.CC, 0);
        default -> assertTrue(host.admin.isEnded());
      }
      // The host comes back; its Connect is not answered while the old write may still land.
      CompletableFuture<TestHost> back =
          CompletableFuture.supplyAsync(() -> reconnect(fixture.port()));
      assertWaits(back);
      assertEquals(0, fixture.device.release(), "the old write was cancelled");
      try (var again = back.get()) {
        assertEquals(0, again.write(0, NEW, BLOCK).status());
        assertArrayEquals(NEW, fixture.device.peek(0, BLOCK));
      }
      host.close();
    }
  }

  private static void assertWaits(CompletableFuture<?> back) throws Exception {
    Thread.sleep(300);
    if (back.isDone()) {
      throw new AssertionError("connected early: " + back.get());
    }
  }

  /** As Linux resets and disconnects a controller, also under commands that a full log holds. */
  @Test
  void aHostThatClosesItsIoQueuesFirstIsStillAnsweredOnTheAdminQueue() throws Exception {
    try (var fixture = new TargetFixture()) {
      TestHost host = TestHost.connect(fixture.port(), TargetFixture.NQN, 2);
      fixture.device.hold(c -> c instanceof IoCommand.Write);
      TestHost.submitWrite(host.io(), 0, OLD, BLOCK);
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 1);
      host.io().close();
      assertTrue(host.io.get(1).isEnded(), "what is sent again must not overtake what was lost");
      assertEquals(0, host.admin.propertySet(TestHost.CC, 0).status());
      assertEquals(0, host.admin.propertyGet(TestHost.CSTS, 4).result());
      host.enable();
      CompletableFuture<HostQueue> back = CompletableFuture.supplyAsync(() -> addQueue(host));
      assertWaits(back);
      assertEquals(0, fixture.device.release(), "the old write was cancelled");
      HostQueue again = back.get();
      assertEquals(0, again.await(TestHost.submitWrite(again, 0, NEW, BLOCK)).status());
      assertArrayEquals(NEW, fixture.device.peek(0, BLOCK));
      host.close();
    }
  }

  private static TestHost reconnect(int port) {
    try {
      return TestHost.connect(port, TargetFixture.NQN, 1);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aDeviceThatDoesNotLetGoMakesTheHostWaitAndThenTryAgain() throws Exception {
    try (var fixture =
        new TargetFixture(s ->
            s.withTimeouts(
                NvmeTimeouts.defaults().withDrainNanos(Duration.ofMillis(300).toNanos())))) {
      var host = fixture.host();
      fixture.device.hold(c -> c instanceof IoCommand.Write);
      TestHost.submitWrite(host.io(), 0, OLD, BLOCK);
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 1);
      host.close();
      var busy = assertThrows(TestHost.RefusedException.class, fixture::host);
      assertEquals(0x181, busy.completion.code());
      assertFalse(busy.completion.doNotRetry());
      // Another host is not held up.
      var other = HostQueue.Connect.to(TargetFixture.NQN);
      other.host = "nqn.2026-01.dev.isthmus:other-host";
      TestHost.connect(fixture.port(), other, 1, false, false).close();
      BooleanSupplier drained = fixture.target.unpublish(TargetFixture.NQN);
      assertFalse(drained.getAsBoolean(), "the device still holds a command");
      fixture.device.release();
      TargetFixture.eventually("drained", drained);
    }
  }

  /**
   * A write that lies in the receive buffer of a connection that the target does not read for want
   * of memory is left behind as well: its connection's end comes only after it.
   */
  @Test
  void aWriteInAPausedConnectionIsWaitedFor() throws Exception {
    try (var fixture =
        new TargetFixture(
            s -> s.withLoop(s.loop().withThreads(1).withBufferMemoryBytes(16L << 20)))) {
      // Another host takes all memory of in-capsule data and the device does not give it back.
      var filler = HostQueue.Connect.to(TargetFixture.NQN);
      filler.host = "nqn.2026-01.dev.isthmus:filler";
      var hog = TestHost.connect(fixture.port(), filler, 0, false, false);
      fixture.device.hold(c -> c instanceof IoCommand.Write);
      var host = fixture.host();
      int queues = 16;
      for (int q = 1; q <= queues; q++) {
        hog.addQueue(q, 127);
      }
      for (HostQueue queue : hog.io) {
        for (int i = 0; i < 120; i++) {
          queue.submitInCapsule(TestHost.rw(0x01, 1000 + i, 2), new byte[2 * BLOCK]);
        }
      }
      TargetFixture.eventually(
          "memory is used up",
          () -> fixture.target.statistics().bufferMemoryUsedBytes() > (8L << 20) - 20_000);
      TestHost.submitWrite(host.io(), 0, OLD, BLOCK);
      // The admin queue lives on, so nothing but the new Connect tells of the old queue's end.
      host.io().close();
      CompletableFuture<HostQueue> back = CompletableFuture.supplyAsync(() -> addQueue(host));
      Thread.sleep(300);
      assertFalse(back.isDone());
      // Memory comes back; whatever becomes of the old write, it becomes so before the new one.
      fixture.device.release();
      hog.close();
      HostQueue again = back.get();
      int cid = TestHost.submitWrite(again, 0, NEW, BLOCK);
      assertEquals(0, again.await(cid).status());
      Thread.sleep(100);
      assertArrayEquals(NEW, fixture.device.peek(0, BLOCK));
      again.close();
      host.close();
    }
  }

  private static HostQueue addQueue(TestHost host) {
    try {
      return host.addQueue(1, 63);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Rule 3: a disk that went back takes no I/O until its identity was read again. */
  @ParameterizedTest
  @ValueSource(ints = {0x00, 0x03})
  void aDiskThatWentBackWaitsUntilItsIdentityIsKnown(int cns) throws Exception {
    var device = new RamDevice(new DeviceIdentity(UUID.randomUUID(), 2), 1 << 20, BLOCK);
    try (var fixture = new TargetFixture(device, s -> s);
        var host = fixture.host()) {
      var early = host.read(0, 1, BLOCK);
      assertEquals(0x082, early.code());
      assertFalse(early.doNotRetry());
      assertEquals(0, early.retryDelay());
      byte[] behavior = new byte[512];
      behavior[0] = 1;
      assertEquals(
          0,
          host.admin
              .await(
                  host.admin.submitInCapsule(HostQueue.entry(0x09, 0).putInt(40, 0x16), behavior))
              .status());
      assertEquals(2, host.read(0, 1, BLOCK).retryDelay());
      host.identify(0x01, 0);
      host.identify(0x02, 0);
      host.identify(0x08, 1);
      assertEquals(0x082, host.write(0, NEW, BLOCK).code());
      assertEquals(0, host.identify(cns, 1).status());
      assertEquals(0, host.read(0, 1, BLOCK).status());
      // Another association has to look for itself, and so does this one when it happens again.
      try (var other = fixture.host()) {
        assertEquals(0x082, other.read(0, 1, BLOCK).code());
      }
      device.setInfo(GhostWriteTest::wentBack);
      assertEquals(0x082, host.read(0, 1, BLOCK).code());
      host.identify(cns, 1);
      assertEquals(0, host.read(0, 1, BLOCK).status());
    }
  }

  private static DeviceInfo wentBack(DeviceInfo i) {
    return new DeviceInfo(
        new DeviceIdentity(i.identity().uuid(), i.identity().incarnation() + 1),
        i.name(),
        i.sizeBytes(),
        i.blockSizeBytes(),
        i.maxTransferBytes(),
        i.optimalIoBytes(),
        i.readOnly(),
        i.volatileWriteCache(),
        i.discards(),
        i.zeroesAfterDiscard());
  }
}
