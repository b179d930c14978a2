package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static dev.isthmus.targets.nvme.TargetFixture.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** ANA and the other changes that hosts are told of. */
class EventsTest {

  private static final int ANA_EVENT = 2 | 3 << 8 | 0x0C << 16;
  private static final int NAMESPACE_EVENT = 2 | 0x04 << 16;

  private final TargetFixture fixture = new TargetFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private static int listen(TestHost host) throws IOException {
    assertEquals(0, host.setFeature(0x0B, 1 << 8 | 1 << 11).status());
    return host.admin.submit(HostQueue.entry(0x0C, 0), 0);
  }

  private static int anaState(TestHost host) throws IOException {
    byte[] page = host.logPage(0x0C, 0, 52).data();
    assertEquals(1, HostQueue.le(page).getShort(8), "groups");
    assertEquals(1, HostQueue.le(page).getInt(16), "group");
    assertEquals(1, HostQueue.le(page).getInt(20), "namespaces in it");
    assertEquals(1, HostQueue.le(page).getInt(48));
    return page[32];
  }

  @Test
  void aStalledDeviceIsInaccessibleUntilItIsBack() throws IOException {
    try (var host = fixture.host()) {
      int event = listen(host);
      assertEquals(1, anaState(host));
      long count = HostQueue.le(host.logPage(0x0C, 0, 8).data()).getLong(0);
      fixture.device.setState(DeviceState.Kind.STALLED);
      assertEquals(ANA_EVENT, host.admin.await(event).result());
      event = host.admin.submit(HostQueue.entry(0x0C, 0), 0);
      assertEquals(3, anaState(host));
      assertEquals(count + 1, HostQueue.le(host.logPage(0x0C, 0, 8).data()).getLong(0));
      fixture.device.fail(c -> c instanceof IoCommand.Write, IoStatus.UNAVAILABLE);
      var refused = host.write(0, bytes(BLOCK, 1), BLOCK);
      assertEquals(0x302, refused.code());
      assertFalse(refused.doNotRetry());
      assertEquals(0, host.read(0, 1, BLOCK).status());
      fixture.device.fail(c -> false, IoStatus.OK);
      fixture.device.setState(DeviceState.Kind.READY);
      assertEquals(ANA_EVENT, host.admin.await(event).result());
      assertEquals(1, anaState(host));
      assertEquals(0, host.write(0, bytes(BLOCK, 1), BLOCK).status());
    }
  }

  @Test
  void withoutAStallTheNamespaceIsNotReady() throws IOException {
    try (var host = fixture.host()) {
      fixture.device.fail(c -> c instanceof IoCommand.Write, IoStatus.UNAVAILABLE);
      var refused = host.write(0, bytes(BLOCK, 1), BLOCK);
      assertEquals(0x082, refused.code());
      assertFalse(refused.doNotRetry());
    }
  }

  @Test
  void aFencedDeviceIsLost() throws IOException {
    try (var host = fixture.host()) {
      int event = listen(host);
      fixture.device.setState(DeviceState.Kind.FENCED);
      assertEquals(ANA_EVENT, host.admin.await(event).result());
      assertEquals(4, anaState(host));
      fixture.device.fail(c -> c instanceof IoCommand.Write, IoStatus.FENCED);
      var refused = host.write(0, bytes(BLOCK, 1), BLOCK);
      assertEquals(0x301, refused.code());
      assertTrue(refused.doNotRetry());
    }
  }

  @Test
  void oneEventAtATimeUntilThePageIsRead() throws IOException {
    try (var host = fixture.host()) {
      int first = listen(host);
      int second = host.admin.submit(HostQueue.entry(0x0C, 0), 0);
      fixture.device.setState(DeviceState.Kind.STALLED);
      assertEquals(ANA_EVENT, host.admin.await(first).result());
      fixture.device.setState(DeviceState.Kind.READY);
      host.logPage(0x0C, 0, 52, true);
      assertFalse(host.admin.isDone(second), "reading with RAE keeps the event");
      host.logPage(0x0C, 0, 52);
      assertEquals(ANA_EVENT, host.admin.await(second).result());
    }
  }

  @Test
  void anEventThatWasNotAskedForIsNotTold() throws IOException {
    try (var host = fixture.host()) {
      int event = host.admin.submit(HostQueue.entry(0x0C, 0), 0);
      fixture.device.setState(DeviceState.Kind.STALLED);
      assertEquals(3, anaState(host));
      assertFalse(host.admin.isDone(event));
    }
  }

  @Test
  void aGrownDeviceIsTold() throws IOException {
    try (var host = fixture.host()) {
      int event = listen(host);
      fixture.device.setInfo(EventsTest::halved);
      assertEquals(NAMESPACE_EVENT, host.admin.await(event).result());
      assertEquals(1, HostQueue.le(host.logPage(4, 0, 4096).data()).getInt(0));
      assertEquals(0, HostQueue.le(host.logPage(4, 0, 4096).data()).getInt(0));
      assertEquals((32L << 20) / BLOCK, HostQueue.le(host.identify(0, 1).data()).getLong(0));
      assertEquals(0x080, host.read((32L << 20) / BLOCK, 1, BLOCK).code());
    }
  }

  @Test
  void aCacheThatGoesOrComesIsSeenByWhoConnectsThen() throws IOException {
    for (boolean cache : new boolean[] {true, false, true}) {
      fixture.device.setInfo(info -> withCache(info, cache));
      try (var host = fixture.host()) {
        assertEquals(cache ? 7 : 6, host.identify(1, 0).data()[525], "VWC");
      }
    }
  }

  private static DeviceInfo withCache(DeviceInfo i, boolean cache) {
    return new DeviceInfo(
        i.identity(),
        i.name(),
        i.sizeBytes(),
        i.blockSizeBytes(),
        i.maxTransferBytes(),
        i.optimalIoBytes(),
        i.readOnly(),
        cache,
        i.discards(),
        i.zeroesAfterDiscard());
  }

  private static DeviceInfo halved(DeviceInfo i) {
    return new DeviceInfo(
        i.identity(),
        i.name(),
        i.sizeBytes() / 2,
        i.blockSizeBytes(),
        i.maxTransferBytes(),
        i.optimalIoBytes(),
        i.readOnly(),
        i.volatileWriteCache(),
        i.discards(),
        i.zeroesAfterDiscard());
  }
}
