package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.Operation;
import dev.isthmus.benchmarks.wire.Sample;
import dev.isthmus.benchmarks.wire.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * A 4 KiB write followed by a flush, over the wire, beside pwrite and fdatasync on the file system
 * that the log lies on. Threading: one thread.
 */
final class FlushBenchmark implements AutoCloseable {

  /** The baseline's name among the devices. */
  static final String FILE = "pwrite + fdatasync";

  private static final int FILE_BLOCKS = 16_384;

  private final Plan plan;
  private final Contention contention;
  private final FileChannel file;
  private final ByteBuffer block = ByteBuffer.allocateDirect(Layout.BLOCK_BYTES);
  private Schedule schedule = new Schedule(0, 0);
  private final Map<String, Wire> devices = new LinkedHashMap<>();
  private final Map<String, List<Round>> rounds = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(2);

  /**
   * What one device did in one round: both together, and the flush alone.
   *
   * @param othersPercent of all cores that other processes used meanwhile
   */
  record Round(Sample writeAndFlush, Sample flush, double othersPercent) {}

  /** One device. */
  record Row(String device, List<Round> rounds) {

    List<Sample> pairs() {
      return rounds.stream().map(Round::writeAndFlush).toList();
    }

    List<Sample> flushes() {
      return rounds.stream().map(Round::flush).toList();
    }
  }

  /**
   * @param directory on the file system of the daemon's data directory
   */
  FlushBenchmark(Plan plan, Contention contention, Path directory) throws IOException {
    this.plan = plan;
    this.contention = contention;
    this.file =
        FileChannel.open(
            directory.resolve("fdatasync"),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
    // Written once, so that fdatasync has no new blocks of the file to account for.
    for (int i = 0; i < FILE_BLOCKS; i++) {
      write(i);
    }
    file.force(true);
  }

  void add(String name, Wire wire) {
    devices.put(name, wire);
  }

  private void write(long index) throws IOException {
    block.clear();
    for (long at = index * Layout.BLOCK_BYTES; block.hasRemaining(); ) {
      at += file.write(block, at);
    }
  }

  /** All rounds; the first one warms up and does not count. */
  List<Row> run() throws IOException, InterruptedException {
    schedule = new Schedule(plan.rounds(), plan.wireMillis() / 5);
    for (int round = 0; schedule.admits(round); round++) {
      record(FILE, round, this::fileOnce);
      for (Map.Entry<String, Wire> device : devices.entrySet()) {
        var call = new Call(device.getValue());
        record(device.getKey(), round, call::once);
      }
    }
    return rounds.entrySet().stream().map(e -> new Row(e.getKey(), e.getValue())).toList();
  }

  /** Writes, flushes, and gives when the write had ended. */
  private interface Once {
    long run() throws IOException;
  }

  private void record(String name, int round, Once once) throws IOException, InterruptedException {
    Round least =
        Contention.leastDisturbed(
            () -> measure(once), Round::othersPercent, () -> round > 0 && schedule.isAhead(round));
    if (round > 0) {
      rounds.computeIfAbsent(name, _ -> new ArrayList<>()).add(least);
    }
  }

  private Round measure(Once once) throws IOException {
    contention.begin();
    Histogram pairs = Sample.nanosHistogram();
    Histogram flushes = Sample.nanosHistogram();
    long began = System.nanoTime();
    long now = began;
    while (now - began < TimeUnit.MILLISECONDS.toNanos(plan.flushMillis())) {
      long start = now;
      long written = once.run();
      now = System.nanoTime();
      pairs.recordValue(now - start);
      flushes.recordValue(now - written);
    }
    return new Round(
        Sample.of(pairs, now - began), Sample.of(flushes, now - began), contention.endPercent());
  }

  private long fileOnce() throws IOException {
    write(random.nextInt(FILE_BLOCKS));
    long written = System.nanoTime();
    file.force(false);
    return written;
  }

  /** One request at a time over a wire. */
  private final class Call {
    private final Wire wire;
    private boolean ended;

    Call(Wire wire) {
      this.wire = wire;
    }

    long once() throws IOException {
      request(Operation.WRITE, plan.layout().written().anyBlock(random));
      long written = System.nanoTime();
      request(Operation.FLUSH, 0);
      return written;
    }

    private void request(Operation operation, long at) throws IOException {
      ended = false;
      wire.submit(0, operation, at);
      while (!ended) {
        wire.send();
        wire.poll(_ -> ended = true);
      }
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
