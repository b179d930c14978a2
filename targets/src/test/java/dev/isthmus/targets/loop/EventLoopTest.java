package dev.isthmus.targets.loop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventLoopTest {

  private final EventLoopGroup group = start(LoopSettings.defaults().withThreads(1));

  private static EventLoopGroup start(LoopSettings settings) {
    try {
      return EventLoopGroup.start("test", settings);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @AfterEach
  void close() {
    group.close();
  }

  /** Sends back what comes, in whole messages of 100 bytes. */
  private record Echo(Transport transport) implements Protocol {
    @Override
    public int received(MemorySegment input, int lengthBytes) {
      int whole = lengthBytes / 100 * 100;
      for (int at = 0; at < whole; at += 100) {
        MemorySegment to = transport.outbox().small(100);
        MemorySegment.copy(input, at, to, transport.outbox().smallOffset(), 100);
      }
      return whole;
    }

    @Override
    public int maxUnconsumedBytes() {
      return 100;
    }

    @Override
    public boolean awaitsPeer() {
      return false;
    }

    @Override
    public void closed(String reason) {}
  }

  private Socket connect(ProtocolFactory factory) throws IOException {
    var loopback = InetAddress.getLoopbackAddress();
    InetSocketAddress at = group.listen(new InetSocketAddress(loopback, 0), factory);
    var socket = new Socket(loopback, at.getPort());
    socket.setSoTimeout(10_000);
    return socket;
  }

  @Test
  void bytesComeBackHoweverTheyAreCut() throws Exception {
    long seed = System.nanoTime();
    var random = new Random(seed);
    byte[] sent = new byte[3_000_000];
    random.nextBytes(sent);
    try (var socket = connect(Echo::new)) {
      var reader =
          java.util.concurrent.CompletableFuture.supplyAsync(() -> {
            try {
              return socket.getInputStream().readNBytes(sent.length);
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      for (int at = 0; at < sent.length; ) {
        int length = Math.min(sent.length - at, 1 + random.nextInt(random.nextInt(100_000) + 1));
        socket.getOutputStream().write(sent, at, length);
        at += length;
      }
      assertArrayEquals(sent, reader.get(20, TimeUnit.SECONDS), "seed " + seed);
    }
  }

  @Test
  void handedOverNodesRunOnceAndInOrderPerThread() throws Exception {
    EventLoop loop = group.loops().getFirst();
    int producers = 4;
    int each = 20_000;
    var left = new CountDownLatch(producers * each);
    List<List<Integer>> seen = new ArrayList<>();
    for (int p = 0; p < producers; p++) {
      var mine = new ArrayList<Integer>();
      seen.add(mine);
      Thread.ofPlatform()
          .start(() -> {
            for (int i = 0; i < each; i++) {
              int number = i;
              loop.execute(() -> {
                mine.add(number);
                left.countDown();
              });
            }
          });
    }
    assertTrue(left.await(20, TimeUnit.SECONDS));
    for (List<Integer> mine : seen) {
      for (int i = 0; i < each; i++) {
        assertEquals(i, mine.get(i));
      }
    }
  }

  @Test
  void timersRunInOrderAndCanBeCalledOff() throws Exception {
    EventLoop loop = group.loops().getFirst();
    var order = new ArrayList<Integer>();
    var done = new CountDownLatch(1);
    loop.execute(() -> {
      loop.schedule(30_000_000, done::countDown);
      loop.schedule(20_000_000, () -> order.add(2));
      loop.schedule(10_000_000, () -> order.add(1));
      loop.schedule(15_000_000, () -> order.add(9)).cancel();
    });
    assertTrue(done.await(10, TimeUnit.SECONDS));
    assertEquals(List.of(1, 2), order);
  }

  @Test
  void anIdleLoopUsesNoProcessor() throws Exception {
    try (var socket = connect(Echo::new)) {
      socket.getOutputStream().write(new byte[100]);
      assertEquals(100, socket.getInputStream().readNBytes(100).length);
      var threads = ManagementFactory.getThreadMXBean();
      long id =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().equals("test-0"))
              .findFirst()
              .orElseThrow()
              .threadId();
      Thread.sleep(100);
      long before = threads.getThreadCpuTime(id);
      Thread.sleep(1000);
      long usedNanos = threads.getThreadCpuTime(id) - before;
      assertTrue(usedNanos < 20_000_000, usedNanos + " ns of processor in an idle second");
    }
  }

  @Test
  void aPeerThatTakesNothingIsClosed() throws Exception {
    try (var strict =
        start(
            LoopSettings.defaults()
                .withThreads(1)
                .withStallNanos(Duration.ofSeconds(1).toNanos()))) {
      var connections = new AtomicInteger();
      var loopback = InetAddress.getLoopbackAddress();
      var at =
          strict.listen(
              new InetSocketAddress(loopback, 0),
              transport -> {
                connections.incrementAndGet();
                for (int i = 0; i < 5000; i++) {
                  transport.outbox().small(4096).set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
                }
                transport.loop().execute(transport::wantFlush);
                return new Echo(transport);
              });
      try (var socket = new Socket(loopback, at.getPort())) {
        assertTrue(socket.isConnected());
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (strict.connections() > 0 || connections.get() == 0) {
          assertTrue(System.nanoTime() < deadline);
          Thread.sleep(20);
        }
      }
    }
  }
}
