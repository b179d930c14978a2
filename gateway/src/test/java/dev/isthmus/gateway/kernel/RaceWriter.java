package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.targets.nvme.NvmeTestInitiator;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A client that keeps writing to one gateway, several commands in flight, now and then a flush,
 * until it is told to stop or is refused. Three of four writes follow each other over the disk, so
 * that reading it costs few requests; the rest goes anywhere.
 *
 * <p>Threading: thread-safe; a thread of its own has the connection to itself.
 */
final class RaceWriter implements AutoCloseable {

  /** For {@link #resume}. */
  static final int ALL_BLOCKS = 2;

  private static final int QUEUE_DEPTH = 16;

  /** Of writes between two flushes, at most. */
  private static final int MAX_FLUSH_EVERY = 96;

  /** About 2,000 writes a second: two gateways, MinIO and the tests share the machine. */
  private static final long PAUSE_MILLIS = 4;

  private static final int BURST = 8;

  /**
   * What is in flight.
   *
   * @param sequence of a write; of a flush, the newest write that had completed before it
   */
  private record InFlight(boolean flush, int sequence, int submitted) {}

  private final NvmeTestInitiator host;
  private final int writer;
  private final int diskBlocks;
  private final SplittableRandom random;
  private final Thread thread;
  private final ArrayDeque<InFlight> inFlight = new ArrayDeque<>();

  // All below: guarded by this.
  private final List<StampedWrite> writes = new ArrayList<>();
  private int parity;
  private boolean pausing = true;
  private boolean idle = true;
  private boolean stopping;
  private int completed;
  private int completedWrites;
  private int flushed;
  private int flushes;
  private int status;
  private String ended = "";

  /** Begins paused. */
  RaceWriter(NvmeTestInitiator host, int writer, int diskBlocks, long seed) {
    this.host = host;
    this.writer = writer;
    this.diskBlocks = diskBlocks;
    this.random = new SplittableRandom(seed);
    this.thread = new Thread(this::run, "race-writer-" + writer);
    thread.start();
  }

  /**
   * Goes on.
   *
   * @param parity 0 or 1: only blocks with that remainder by 2; or {@link #ALL_BLOCKS}
   */
  synchronized void resume(int parity) {
    this.parity = parity;
    pausing = false;
    notifyAll();
  }

  /** Lets everything in flight end, and submits no more. */
  synchronized void pause() throws InterruptedException {
    pausing = true;
    notifyAll();
    while (!idle && ended.isEmpty()) {
      wait();
    }
  }

  private void run() {
    String why = "stopped";
    try {
      int untilFlush = MAX_FLUSH_EVERY;
      for (int burst = 0; mayGoOn(); burst++) {
        untilFlush--;
        if (untilFlush <= 0) {
          untilFlush = 1 + random.nextInt(MAX_FLUSH_EVERY);
          flush();
        } else {
          write();
        }
        while (inFlight.size() >= QUEUE_DEPTH) {
          awaitOldest();
        }
        if (burst % BURST == 0) {
          Thread.sleep(PAUSE_MILLIS);
        }
      }
      awaitAll();
      why = status() == 0 ? why : "status " + Integer.toHexString(status());
    } catch (IOException e) {
      why = "connection: " + e;
    } catch (InterruptedException e) {
      why = "interrupted";
    } finally {
      synchronized (this) {
        ended = why;
        idle = true;
        notifyAll();
      }
    }
  }

  /** Waits while it has to pause; false if it is over. */
  private boolean mayGoOn() throws IOException, InterruptedException {
    if (isPausing()) {
      awaitAll();
    }
    synchronized (this) {
      while (pausing && !stopping && status == 0) {
        idle = true;
        notifyAll();
        wait();
      }
      idle = false;
      return !stopping && status == 0;
    }
  }

  private synchronized boolean isPausing() {
    return pausing;
  }

  private void write() throws IOException {
    StampedWrite write = next();
    // Known before it is sent: it may take effect before anything is heard of it.
    synchronized (this) {
      writes.add(write);
    }
    int submitted = host.submitWrite(write.block(), StampedDisk.data(write));
    inFlight.add(new InFlight(false, write.sequence(), submitted));
  }

  private synchronized StampedWrite next() {
    int sequence = writes.size() + 1;
    if (parity == ALL_BLOCKS) {
      int block = random.nextInt(4) == 0 ? random.nextInt(diskBlocks - 1) : walk(sequence);
      return new StampedWrite(writer, sequence, block, 1 + random.nextInt(2));
    }
    int block = random.nextInt(4) == 0 ? random.nextInt(diskBlocks) : walk(sequence);
    return new StampedWrite(writer, sequence, (block & ~1) | parity, 1);
  }

  private int walk(int sequence) {
    return (int) (sequence * 2L % (diskBlocks - 1));
  }

  private void flush() throws IOException {
    int covered;
    synchronized (this) {
      covered = completed;
    }
    inFlight.add(new InFlight(true, covered, host.submitFlush()));
  }

  private void awaitAll() throws IOException {
    while (!inFlight.isEmpty()) {
      awaitOldest();
    }
  }

  private void awaitOldest() throws IOException {
    InFlight oldest = inFlight.remove();
    int code = host.await(oldest.submitted());
    synchronized (this) {
      if (code != 0) {
        status = status == 0 ? code : status;
      } else if (oldest.flush()) {
        flushes++;
        flushed = Math.max(flushed, oldest.sequence());
      } else {
        completedWrites++;
        completed = Math.max(completed, oldest.sequence());
      }
    }
  }

  /** Waits until it has ended: what is in flight was answered, or the connection is gone. */
  String awaitEnd(Duration limit) throws InterruptedException {
    assertTrue(thread.join(limit), "client " + writer + ": its gateway is silent");
    synchronized (this) {
      return ended;
    }
  }

  /** The first {@code count} writes in their order. */
  synchronized List<StampedWrite> writes(int count) {
    return List.copyOf(writes.subList(0, count));
  }

  synchronized int submitted() {
    return writes.size();
  }

  /** The newest write that ended well. */
  synchronized int completed() {
    return completed;
  }

  /** How many ended well. */
  synchronized int completedWrites() {
    return completedWrites;
  }

  /** The newest write that had ended well before a flush that ended well was sent. */
  synchronized int flushed() {
    return flushed;
  }

  /** How many flushes ended well. */
  synchronized int flushes() {
    return flushes;
  }

  /** The first refusal: status code type × 256 + status code; 0 for none. */
  synchronized int status() {
    return status;
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      stopping = true;
      notifyAll();
    }
    host.close();
  }
}
