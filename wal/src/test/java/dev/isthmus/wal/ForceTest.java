package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ForceTest {

  @TempDir Path temp;

  private WriteAheadLog begin(LogEnvironment.Forcer forcer) {
    return begin(forcer, Logs.SMALL);
  }

  private WriteAheadLog begin(LogEnvironment.Forcer forcer, LogSettings settings) {
    WriteAheadLog log =
        LogDirectory.create(
                temp.resolve("log"),
                settings,
                Logs.VOLUME,
                Logs.LOG,
                new LogEnvironment(Logs.BOOT, () -> 1, forcer))
            .startAppending();
    log.beginEpoch(Logs.EPOCH_1, 0);
    return log;
  }

  @Test
  void everyFileTouchedSinceTheLastForceIsForced() throws IOException {
    var forced = new ConcurrentLinkedQueue<Path>();
    WriteAheadLog log =
        begin((file, channel) -> {
          channel.force(false);
          forced.add(file);
        });
    Logs.append(log, 1, 10);
    log.force();
    forced.clear();
    Logs.append(log, 11, 300);
    Set<Path> touched = new TreeSet<>(Logs.rollFiles(temp.resolve("log")));
    touched.removeIf(file -> !Logs.holdsRecords(file));
    assertTrue(touched.size() >= 4);
    log.force();
    assertEquals(touched, new TreeSet<>(forced));
    forced.clear();
    log.force();
    assertTrue(forced.isEmpty(), "nothing was appended since");
    Logs.append(log, 301, 301);
    log.force();
    assertEquals(1, forced.size());
    log.close();
  }

  @Test
  void aFailureIsStickyAndNeverRetried() {
    var broken = new AtomicBoolean();
    var calls = new AtomicInteger();
    WriteAheadLog log =
        begin((file, channel) -> {
          calls.incrementAndGet();
          if (broken.get()) {
            throw new IOException("EIO as told");
          }
          channel.force(false);
        });
    var positions = Logs.append(log, 1, 5);
    log.force();
    Logs.append(log, 6, 8);
    broken.set(true);
    assertFalse(log.hasFailed());
    var first = assertThrows(LogFailedException.class, log::force);
    assertTrue(log.hasFailed());
    assertTrue(String.valueOf(first.getMessage()).contains("EIO as told"));
    broken.set(false);
    int before = calls.get();
    assertThrows(LogFailedException.class, log::force);
    assertThrows(LogFailedException.class, () -> Logs.append(log, 9, 9));
    assertThrows(LogFailedException.class, log::idle);
    assertEquals(before, calls.get());
    assertEquals(5, log.durableLsn());
    try (Arena arena = Arena.ofConfined()) {
      log.read(positions.getFirst(), 0, arena.allocate(512));
    }
    assertThrows(LogFailedException.class, log::closeClean);
    // The next process must not take the kernel's word for what this one could not write.
    assertTrue(ForceFailure.isNoted(temp.resolve("log")));
    try (RecoveredLog found = Logs.open(temp.resolve("log"), Logs.BOOT)) {
      assertTrue(found.terms().getLast().bootChanged());
    }
    // An open that broke off before its term was there.
    Logs.open(temp.resolve("log"), Logs.BOOT).startAppending().close();
    try (RecoveredLog found = Logs.open(temp.resolve("log"), Logs.BOOT)) {
      assertTrue(found.terms().getLast().bootChanged(), "an attempt does not launder it");
    }
    WriteAheadLog next = Logs.open(temp.resolve("log"), Logs.BOOT).startAppending();
    next.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 8);
    assertFalse(ForceFailure.isNoted(temp.resolve("log")));
    next.close();
    try (RecoveredLog found = Logs.open(temp.resolve("log"), Logs.BOOT)) {
      assertEquals(8, Logs.check(found, 1));
      assertTrue(
          found.terms().getFirst().bootChanged(),
          "a term that did not take effect does not launder the first one");
    }
  }

  /** Chronicle throws what it meets undeclared, checked exceptions too: here of a file system. */
  @Test
  void aFileThatChronicleCannotOpenFailsTheLog() throws Exception {
    WriteAheadLog log = begin((file, channel) -> channel.force(false));
    Path directory = temp.resolve("log");
    long lsn = 0;
    Path ahead = Logs.rollFiles(directory).getLast();
    while (Logs.holdsRecords(ahead)) {
      lsn++;
      Logs.append(log, lsn, lsn);
      Thread.sleep(1);
      ahead = Logs.rollFiles(directory).getLast();
    }
    awaitPrepared();
    Files.delete(ahead);
    Files.createDirectory(ahead);
    long from = lsn + 1;
    var failure = assertThrows(LogFailedException.class, () -> Logs.append(log, from, from + 300));
    assertTrue(String.valueOf(failure.getMessage()).contains("rolling the log"));
    assertTrue(log.hasFailed());
    assertThrows(LogFailedException.class, log::force);
    log.close();
  }

  private static void awaitPrepared() throws InterruptedException {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("wal-prepare-")) {
        thread.join();
      }
    }
  }

  /** The trap itself: pages that look clean. A rewrite makes each of them dirty again. */
  @Test
  void aRewriteMakesTheSyncWriteAgain() throws IOException {
    WriteAheadLog log = begin((file, channel) -> channel.force(false));
    var positions = Logs.append(log, 1, 20);
    log.force();
    assertEquals(0, dirtyKib());
    Path file = Logs.rollFiles(temp.resolve("log")).getFirst();
    long end = positions.getLast() & 0xffff_ffffL;
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      byte[] before = Files.readAllBytes(file);
      ForceFailure.rewrite(channel, end);
      assertArrayEquals(before, Files.readAllBytes(file));
    }
    // Not all: smaps counts the pages that are in the mapping, and Chronicle skips some at the
    // start.
    assertTrue(dirtyKib() > end / 1024 / 2, dirtyKib() + " KiB of " + end + " bytes");
    log.close();
  }

  @Test
  void waitersShareOneForceAndNoneReturnsTooSoon() throws InterruptedException {
    var gate = new Semaphore(1_000);
    var calls = new AtomicInteger();
    var inForce = new CountDownLatch(1);
    var armed = new AtomicBoolean();
    WriteAheadLog log =
        begin((file, channel) -> {
          calls.incrementAndGet();
          if (armed.get()) {
            inForce.countDown();
          }
          gate.acquireUninterruptibly();
          channel.force(false);
        });
    Logs.append(log, 1, 1);
    gate.drainPermits();
    armed.set(true);
    calls.set(0);
    var threads = new ArrayList<Thread>();
    threads.add(Thread.startVirtualThread(log::force));
    inForce.await();
    // These come after a force that may not cover them: they must wait for the next one.
    Logs.append(log, 2, 2);
    var tooSoon = new AtomicInteger();
    for (int i = 0; i < 8; i++) {
      threads.add(
          Thread.startVirtualThread(() -> {
            log.force();
            if (log.durableLsn() < 2) {
              tooSoon.incrementAndGet();
            }
          }));
    }
    gate.release(1_000);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(0, tooSoon.get());
    assertTrue(calls.get() >= 2 && calls.get() <= 4, calls + " syncs for nine callers");
    log.close();
  }

  @Test
  void anInterruptedReaderOrForcerHurtsNobody() {
    WriteAheadLog log = begin((file, channel) -> channel.force(false));
    var positions = Logs.append(log, 1, 3);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment expected = Logs.payloadOf(arena, 2);
      MemorySegment read = arena.allocate(expected.byteSize());
      Thread.currentThread().interrupt();
      log.read(positions.get(1), 0, read);
      log.force();
      assertTrue(Thread.interrupted());
      assertEquals(-1, expected.mismatch(read));
      log.read(positions.get(1), 0, read);
    }
    Logs.append(log, 4, 4);
    log.force();
    assertEquals(4, log.durableLsn());
    log.close();
  }

  /**
   * The kernel's own word: after a force no page of any mapping of a roll file is dirty, on both
   * sides of the boundary between two mappings.
   */
  @Test
  void noDirtyPageIsLeftOnEitherSideOfAMappingsBoundary() throws IOException {
    WriteAheadLog log =
        begin((file, channel) -> channel.force(false), new LogSettings(512L << 20, 128L << 20));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment payload = arena.allocate(WriteAheadLog.MAX_PAYLOAD_BYTES).fill((byte) 5);
      int crc = Logs.crc(payload);
      long position = 0;
      for (long lsn = 1; (position & 0xffff_ffffL) < (64L << 20) - 200_000; lsn++) {
        position = log.append(RecordType.WRITE, 0, lsn, 1, 0, 64, payload, crc);
      }
      log.force();
      long from = log.appendedLsn();
      for (long lsn = from + 1; lsn < from + 16; lsn++) {
        position = log.append(RecordType.WRITE, 0, lsn, 1, 0, 64, payload, crc);
      }
      assertTrue((position & 0xffff_ffffL) > 64L << 20, "the boundary was crossed");
      assertTrue(dirtyKib() > 0, "smaps shows what was just written as dirty");
      log.force();
      assertEquals(0, dirtyKib());
    }
    log.close();
  }

  /** Sum over this process's mappings of roll files. */
  private static long dirtyKib() throws IOException {
    long sum = 0;
    boolean ours = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.matches("^[0-9a-f]+-[0-9a-f]+ .*")) {
        ours = line.endsWith(".cq4");
      } else if (ours && line.matches("^(Shared|Private)_Dirty:.*")) {
        sum += Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return sum;
  }

  @Test
  void readsTrimsAndForcesGoOnUnderLoad() throws InterruptedException {
    WriteAheadLog log = begin((file, channel) -> channel.force(false));
    var stop = new AtomicBoolean();
    var failed = new ConcurrentLinkedQueue<Throwable>();
    var newest = new AtomicLong(1);
    var positions = new java.util.concurrent.ConcurrentHashMap<Long, Long>();
    var reads = new AtomicInteger();
    Thread reader =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (long lsn = 1; !stop.get(); lsn = 1 + (lsn * 31 + 7) % newest.get()) {
                  Long position = positions.get(lsn);
                  if (position == null) {
                    continue;
                  }
                  try (Arena arena = Arena.ofConfined()) {
                    MemorySegment expected = Logs.payloadOf(arena, lsn);
                    MemorySegment read = arena.allocate(expected.byteSize());
                    log.read(position, 0, read);
                    assertEquals(-1, expected.mismatch(read));
                    reads.incrementAndGet();
                  } catch (LogTrimmedException _) {
                    positions.remove(lsn);
                  }
                }
              } catch (RuntimeException | AssertionError e) {
                failed.add(e);
              }
            });
    Thread trimmer =
        Thread.ofPlatform()
            .start(() -> {
              try {
                while (!stop.get()) {
                  log.force();
                  log.trim(log.durableLsn() - 300);
                }
              } catch (RuntimeException e) {
                failed.add(e);
              }
            });
    for (long lsn = 1; lsn <= 4000; lsn++) {
      positions.put(lsn, Logs.append(log, lsn, lsn).getFirst());
      newest.set(lsn);
    }
    stop.set(true);
    reader.join();
    trimmer.join();
    assertTrue(failed.isEmpty(), "failed: " + failed);
    assertTrue(reads.get() > 10);
    log.force();
    log.trim(log.durableLsn() - 300);
    log.close();
    try (RecoveredLog found = Logs.open(temp.resolve("log"), Logs.BOOT)) {
      assertEquals(4000, Logs.check(found, found.firstLsn()));
      assertTrue(found.firstLsn() > 1000);
    }
  }
}
