package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static dev.isthmus.targets.nvme.TargetFixture.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.targets.RamDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class IoTest {

  private final TargetFixture fixture = new TargetFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @ParameterizedTest
  @CsvSource({
    "false, false, 0",
    "true, false, 0",
    "false, true, 0",
    "true, true, 0",
    "true, true, 4",
    "false, false, 4"
  })
  void whatIsWrittenIsRead(boolean hdgst, boolean ddgst, int cattr) throws IOException {
    var to = HostQueue.Connect.to(TargetFixture.NQN);
    to.cattr = cattr;
    try (var host = TestHost.connect(fixture.port(), to, 1, hdgst, ddgst)) {
      int[] sizes = {4096, 8192, 12288, 65536, 262144, 262144 + 4096, 1 << 20};
      long block = 3;
      for (int size : sizes) {
        byte[] data = bytes(size, size);
        assertEquals(0, host.write(block, data, BLOCK).status(), "write of " + size);
        assertArrayEquals(data, fixture.device.peek(block * BLOCK, size));
        assertArrayEquals(data, host.read(block, size / BLOCK, BLOCK).data(), "read of " + size);
        block += size / BLOCK + 1;
      }
    }
  }

  @Test
  void smallBlocksWork() throws IOException {
    try (var small = new TargetFixture(new RamDevice(1 << 20, 512), s -> s);
        var host = small.host()) {
      byte[] data = bytes(512 * 3, 5);
      assertEquals(0, host.write(7, data, 512).status());
      assertArrayEquals(data, host.read(7, 3, 512).data());
    }
  }

  @Test
  void dataMayAlwaysComeByR2t() throws IOException {
    try (var host = fixture.host()) {
      byte[] data = bytes(BLOCK, 1);
      int cid = host.io().submitByR2t(TestHost.rw(0x01, 9, 1), data);
      assertEquals(0, host.io().await(cid).status());
      assertArrayEquals(data, fixture.device.peek(9L * BLOCK, BLOCK));
    }
  }

  @Test
  void completionsComeOutOfOrder() throws IOException, InterruptedException {
    try (var host = fixture.host()) {
      fixture.device.hold(c -> c instanceof IoCommand.Read r && r.offsetBytes() == 0);
      int slow = host.io().submit(TestHost.rw(0x02, 0, 1), BLOCK);
      TargetFixture.eventually("held", () -> fixture.device.heldCount() == 1);
      for (int i = 1; i < 40; i++) {
        assertEquals(0, host.read(i, 1, BLOCK).status());
      }
      assertFalse(host.io().isDone(slow));
      fixture.device.release();
      assertEquals(0, host.io().await(slow).status());
    }
  }

  @Test
  void manyCommandsAtOnceAllComeBack() throws IOException {
    try (var host = fixture.host()) {
      var queue = host.io();
      int[] cids = new int[60];
      for (int round = 0; round < 20; round++) {
        for (int i = 0; i < cids.length; i++) {
          long block = (long) round * 60 + i;
          cids[i] =
              i % 3 == 0
                  ? TestHost.submitWrite(queue, block, bytes(BLOCK, block), BLOCK)
                  : i % 3 == 1
                      ? TestHost.submitWrite(queue, block, bytes(4 * BLOCK, block), BLOCK)
                      : queue.submit(TestHost.rw(0x02, block, 16), 16 * BLOCK);
        }
        for (int cid : cids) {
          assertEquals(0, queue.await(cid).status());
        }
      }
    }
  }

  @Test
  void fuaReachesTheDevice() throws IOException {
    try (var host = fixture.host()) {
      ByteBuffer entry = TestHost.rw(0x01, 4, 1);
      entry.putInt(48, entry.getInt(48) | 1 << 30);
      assertEquals(0, host.io().await(host.io().submitInCapsule(entry, bytes(BLOCK, 1))).status());
      host.write(5, bytes(BLOCK, 1), BLOCK);
      // With the cache switched off every write is durable.
      assertEquals(0, host.setFeature(0x06, 0).status());
      assertEquals(0, host.getFeature(0x06).result());
      host.write(6, bytes(BLOCK, 1), BLOCK);
      var writes =
          fixture.device.seen().stream()
              .filter(IoCommand.Write.class::isInstance)
              .map(c -> ((IoCommand.Write) c).fua())
              .toList();
      assertEquals(java.util.List.of(true, false, true), writes);
      // A read with FUA makes what it returns durable first.
      ByteBuffer read = TestHost.rw(0x02, 4, 1);
      read.putInt(48, 1 << 30);
      assertEquals(0, host.io().execute(read, BLOCK).status());
      var seen = fixture.device.seen();
      assertTrue(seen.get(seen.size() - 2) instanceof IoCommand.Flush);
      assertTrue(seen.getLast() instanceof IoCommand.Read);
    }
  }

  @Test
  void flushWriteZeroesAndDeallocate() throws IOException {
    try (var host = fixture.host()) {
      byte[] data = bytes(8 * BLOCK, 3);
      host.write(0, data, BLOCK);
      assertEquals(0, host.io().execute(HostQueue.entry(0x00, 1), 0).status());
      assertEquals(0, host.io().execute(HostQueue.entry(0x00, -1), 0).status());
      ByteBuffer zeroes = TestHost.rw(0x08, 1, 2);
      zeroes.putInt(48, zeroes.getInt(48) | 1 << 25);
      assertEquals(0, host.io().execute(zeroes, 0).status());
      assertArrayEquals(new byte[2 * BLOCK], fixture.device.peek(BLOCK, 2 * BLOCK));
      assertTrue(
          fixture.device.seen().stream()
              .anyMatch(c -> c instanceof IoCommand.WriteZeroes z && z.mayDeallocate()));
      // Ranges 4 (1 block), an empty one, and 6 (2 blocks), in Linux's manner: room for 256.
      byte[] ranges = new byte[4096];
      HostQueue.le(ranges).putInt(4, 1).putLong(8, 4).putInt(36, 2).putLong(40, 6);
      var dsm = HostQueue.entry(0x09, 1).putInt(40, 2).putInt(44, 4);
      assertEquals(0, host.io().await(host.io().submitInCapsule(dsm, ranges)).status());
      assertArrayEquals(new byte[BLOCK], fixture.device.peek(4L * BLOCK, BLOCK));
      assertArrayEquals(
          java.util.Arrays.copyOfRange(data, 5 * BLOCK, 6 * BLOCK),
          fixture.device.peek(5L * BLOCK, BLOCK));
      assertArrayEquals(new byte[2 * BLOCK], fixture.device.peek(6L * BLOCK, 2 * BLOCK));
    }
  }

  @Test
  void aDeallocateWithAWrongRangeChangesNothing() throws IOException {
    try (var host = fixture.host()) {
      byte[] data = bytes(BLOCK, 3);
      host.write(0, data, BLOCK);
      byte[] ranges = new byte[32];
      HostQueue.le(ranges).putInt(4, 1).putLong(8, 0).putInt(20, 1).putLong(24, 1 << 30);
      var dsm = HostQueue.entry(0x09, 1).putInt(40, 1).putInt(44, 4);
      var done = host.io().await(host.io().submitInCapsule(dsm, ranges));
      assertEquals(0x080, done.code());
      assertArrayEquals(data, fixture.device.peek(0, BLOCK));
    }
  }

  @Test
  void compareAndVerify() throws IOException {
    try (var host = fixture.host()) {
      byte[] data = bytes(4 * BLOCK, 3);
      host.write(10, data, BLOCK);
      for (int blocks : new int[] {1, 4}) {
        byte[] same = java.util.Arrays.copyOf(data, blocks * BLOCK);
        assertEquals(0, compare(host, same).status());
        same[same.length - 1] ^= 1;
        assertEquals(0x285, compare(host, same).code());
      }
      assertEquals(0, host.io().execute(TestHost.rw(0x0C, 0, 1024), 0).status());
      fixture.device.fail(c -> c instanceof IoCommand.Read, IoStatus.CORRUPT);
      var bad = host.io().execute(TestHost.rw(0x0C, 0, 1024), 0);
      assertEquals(0x281, bad.code());
      assertTrue(bad.doNotRetry());
    }
  }

  private static HostQueue.Completion compare(TestHost host, byte[] data) throws IOException {
    ByteBuffer entry = TestHost.rw(0x05, 10, data.length / BLOCK);
    return host.io()
        .await(
            data.length <= 8192
                ? host.io().submitInCapsule(entry, data)
                : host.io().submitByR2t(entry, data));
  }

  @Test
  void wrongCommandsAreRefusedAndTheQueueGoesOn() throws IOException {
    try (var host = fixture.host()) {
      var q = host.io();
      long blocks = (64L << 20) / BLOCK;
      assertEquals(0x080, q.execute(TestHost.rw(0x02, blocks, 1), BLOCK).code());
      assertEquals(0x080, q.execute(TestHost.rw(0x02, blocks - 1, 2), 2 * BLOCK).code());
      assertEquals(0x080, q.execute(TestHost.rw(0x02, -1, 1), BLOCK).code());
      assertEquals(0x00B, q.execute(TestHost.rw(0x02, 0, 1).putInt(4, 2), BLOCK).code());
      assertEquals(0x00B, q.execute(TestHost.rw(0x02, 0, 1).putInt(4, 0), BLOCK).code());
      assertEquals(0x00F, q.execute(TestHost.rw(0x02, 0, 2), BLOCK).code());
      assertEquals(0x001, q.execute(HostQueue.entry(0x55, 1), 0).code());
      assertEquals(0x002, q.execute(TestHost.rw(0x02, 0, 1).put(1, (byte) 0x41), BLOCK).code());
      assertEquals(0x002, q.execute(TestHost.rw(0x02, 0, 1).put(1, (byte) 0), BLOCK).code());
      assertEquals(0x002, q.execute(TestHost.rw(0x02, 0, 512), 512 * BLOCK).code());
      // In-capsule data that is not there.
      var entry = HostQueue.inCapsule(TestHost.rw(0x01, 0, 2), 2 * BLOCK);
      assertEquals(0x016, q.await(q.submit(entry, 0, new byte[BLOCK], null)).code());
      entry = HostQueue.inCapsule(TestHost.rw(0x01, 0, 1), BLOCK).put(39, (byte) 0x33);
      assertEquals(0x011, q.await(q.submit(entry, 0, new byte[BLOCK], null)).code());
      assertEquals(0, host.read(0, 1, BLOCK).status());
    }
  }

  @ParameterizedTest
  @EnumSource(IoStatus.class)
  void statusesOfTheDeviceAreTold(IoStatus status) throws IOException {
    try (var host = fixture.host()) {
      fixture.device.fail(c -> c instanceof IoCommand.Write, status);
      var done = host.write(0, bytes(BLOCK, 1), BLOCK);
      assertEquals(status == IoStatus.OK, done.status() == 0);
      assertEquals(status != IoStatus.OK && !status.isRetryable(), done.doNotRetry());
    }
  }

  @Test
  void queueHeadAdvances() throws IOException {
    try (var host = fixture.host()) {
      int last = -1;
      for (int i = 0; i < 130; i++) {
        int head = host.io().execute(HostQueue.entry(0x00, 1), 0).sqhd();
        assertTrue(head < 64);
        assertTrue(last < 0 || head == (last + 1) % 64);
        last = head;
      }
    }
  }

  @Test
  void countersCount() throws IOException {
    try (var host = fixture.host()) {
      host.write(0, bytes(BLOCK, 1), BLOCK);
      host.read(0, 4, BLOCK);
      host.io().execute(TestHost.rw(0x02, -1, 1), BLOCK);
      var s = fixture.target.statistics().subsystems().get(TargetFixture.NQN);
      var reads = java.util.Objects.requireNonNull(s).operations().get(NvmeOperation.READ);
      java.util.Objects.requireNonNull(reads);
      assertEquals(2, reads.count());
      assertEquals(4L * BLOCK, reads.bytes());
      assertEquals(java.util.Map.of(0x080, 1L), reads.errors());
      assertEquals(2, reads.latency().buckets().stream().mapToLong(b -> b.count()).sum());
      assertEquals(1, s.associations());
      assertEquals(0, s.inFlight());
      assertEquals(2, fixture.target.statistics().connections());
    }
  }
}
