package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static dev.isthmus.targets.nvme.TargetFixture.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Memory that is used up slows hosts down and fails nothing. */
class BackPressureTest {

  private final TargetFixture fixture =
      new TargetFixture(s -> s.withLoop(s.loop().withThreads(1).withBufferMemoryBytes(8L << 20)));

  @AfterEach
  void close() {
    fixture.close();
  }

  /** 60 transfers of 1 MiB at once where 4 MiB are there, reads and writes mixed. */
  @Test
  void largeTransfersTakeTurns() throws IOException {
    try (var a = fixture.host();
        var b = fixture.host()) {
      int[] writes = new int[30];
      int[] reads = new int[30];
      byte[][] data = new byte[30][];
      for (int i = 0; i < 30; i++) {
        data[i] = bytes(1 << 20, i);
        writes[i] = TestHost.submitWrite(a.io(), 256L * i, data[i], BLOCK);
        reads[i] = b.io().submit(TestHost.rw(0x02, 256L * (i + 30), 256), 1 << 20);
      }
      var reader = Thread.ofVirtual().start(() -> awaitAll(b.io(), reads));
      awaitAll(a.io(), writes);
      join(reader);
      for (int i = 0; i < 30; i++) {
        assertArrayEquals(data[i], fixture.device.peek(i * (1L << 20), 1 << 20));
      }
    }
    assertMemoryComesBack();
  }

  private static void awaitAll(HostQueue queue, int[] cids) {
    try {
      for (int cid : cids) {
        assertEquals(0, queue.await(cid).status());
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      assertTrue(thread.join(java.time.Duration.ofSeconds(20)));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Small writes whose data lies behind large ones in the stream, and large ones whose data lies
   * behind small ones: neither may wait for the other for ever.
   */
  @Test
  void smallAndLargeWritesDoNotBlockEachOther() throws IOException {
    try (var host = fixture.host()) {
      for (int round = 0; round < 5; round++) {
        int[] cids = new int[60];
        for (int i = 0; i < cids.length; i++) {
          byte[] data = bytes(i % 2 == 0 ? 2 * BLOCK : 1 << 19, i);
          cids[i] = TestHost.submitWrite(host.io(), i * 128L, data, BLOCK);
        }
        awaitAll(host.io(), cids);
      }
    }
    assertMemoryComesBack();
  }

  @Test
  void aConnectionThatEndsGivesItsMemoryBack() throws Exception {
    try (var other = fixture.host()) {
      var host = fixture.host();
      for (int i = 0; i < 60; i++) {
        host.io().submitByR2t(TestHost.rw(0x01, 0, 256), new byte[1 << 20]);
      }
      TargetFixture.eventually(
          "used up", () -> fixture.target.statistics().bufferMemoryUsedBytes() > 3L << 20);
      int waiting = other.io().submit(TestHost.rw(0x02, 0, 256), 1 << 20);
      host.close();
      assertEquals(0, other.io().await(waiting).status());
    }
    assertMemoryComesBack();
  }

  @Test
  void aHostThatReadsNothingIsNotServedWithoutEnd() throws Exception {
    try (var host = fixture.host()) {
      var q = host.io();
      byte[] header = new byte[72];
      // Refused at once, so that the queue's entries are no bound.
      HostQueue.entry(0x55, 1).get(0, header, 8, 64);
      byte[] wrong = q.frame(4, 0, header, new byte[0]);
      byte[] many = new byte[wrong.length * 1000];
      for (int i = 0; i < 1000; i++) {
        System.arraycopy(wrong, 0, many, i * wrong.length, wrong.length);
      }
      // The sockets' buffers and our bound take what they take; then the host's writes block.
      q.socket.setSoTimeout(100);
      var writer =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  for (int i = 0; i < 1000; i++) {
                    q.sendRaw(many);
                  }
                } catch (IOException expected) {
                  // Closed by the test.
                }
              });
      Thread.sleep(1500);
      assertTrue(writer.isAlive(), "a million commands were not taken");
      q.close();
      join(writer);
    }
  }

  private void assertMemoryComesBack() {
    try {
      TargetFixture.eventually(
          "all memory is back", () -> fixture.target.statistics().bufferMemoryUsedBytes() == 0);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
