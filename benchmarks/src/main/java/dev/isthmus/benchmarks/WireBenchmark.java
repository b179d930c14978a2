package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.BareWire;
import dev.isthmus.benchmarks.wire.ClosedLoop;
import dev.isthmus.benchmarks.wire.ClosedLoop.Blocks;
import dev.isthmus.benchmarks.wire.NvmeHost;
import dev.isthmus.benchmarks.wire.Operation;
import dev.isthmus.benchmarks.wire.Sample;
import dev.isthmus.benchmarks.wire.Wire;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * 4 KiB random reads and writes over NVMe/TCP, beside the bare responder, in interleaved rounds: in
 * each round every device has its turn at every workload. Threading: one thread.
 */
final class WireBenchmark {

  /** The baseline's name among the devices. */
  static final String BARE = "bare responder";

  private static final long SEED = 20_260_101;

  private final Daemon daemon;
  private final BareProcess bare;
  private final Plan plan;
  private final Layout layout;
  private final Contention contention;
  private Schedule schedule = new Schedule(0, 0);
  private final List<Device> devices = new ArrayList<>();
  private final Map<Key, List<Cell>> cells = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(SEED);

  WireBenchmark(Daemon daemon, BareProcess bare, Plan plan, Contention contention) {
    this.daemon = daemon;
    this.bare = bare;
    this.plan = plan;
    this.layout = plan.layout();
    this.contention = contention;
  }

  /** What is asked for. */
  enum Kind {
    WRITE,
    READ_HOT,
    READ_COLD;

    Operation operation() {
      return this == WRITE ? Operation.WRITE : Operation.READ;
    }
  }

  private static final class Device {
    final String name;
    final String volume;
    final boolean bucket;
    final ClosedLoop loop;
    final Blocks cold;

    Device(String name, String volume, boolean bucket, ClosedLoop loop, Blocks cold) {
      this.name = name;
      this.volume = volume;
      this.bucket = bucket;
      this.loop = loop;
      this.cold = cold;
    }
  }

  private record Key(Kind kind, int queueDepth, String device) {}

  /**
   * One device at one workload in one round.
   *
   * @param bucketGets requests for frames that it took, 0 for a device without a bucket
   * @param drainSeconds until what it wrote was in the bucket, after it
   * @param othersPercent of all cores that other processes used meanwhile
   */
  record Cell(Sample sample, double bucketGets, double drainSeconds, double othersPercent) {}

  /** One device at one workload. */
  record Row(Kind kind, int queueDepth, String device, List<Cell> rounds) {

    List<Sample> samples() {
      return rounds.stream().map(Cell::sample).toList();
    }
  }

  /** Adds a volume of {@link Layout#VOLUME_SIZE}. */
  void add(String name, Daemon.Export export, boolean bucket, NvmeHost host)
      throws IOException, InterruptedException {
    var device =
        new Device(
            name, export.volume(), bucket, new ClosedLoop(host.io()), layout.cold().once(SEED));
    devices.add(device);
    fill(device, layout.hot());
    if (bucket) {
      fill(device, layout.cold());
      daemon.drain(device.volume);
    }
    run(device, Operation.READ, 32, layout.hot().once(SEED));
  }

  private static void fill(Device device, Layout.Range range) throws IOException {
    Sample filled = run(device, Operation.WRITE, 32, range.once(SEED));
    if (filled.operations() != range.count()) {
      throw new IOException(device.name + " could not be filled in time");
    }
  }

  private static Sample run(Device device, Operation operation, int queueDepth, Blocks blocks)
      throws IOException {
    return device.loop.run(operation, queueDepth, TimeUnit.MINUTES.toNanos(1), blocks);
  }

  /** All rounds; the first one warms up and does not count. */
  List<Row> run() throws IOException, InterruptedException {
    schedule = new Schedule(plan.rounds(), plan.wireMillis());
    for (int round = 0; schedule.admits(round); round++) {
      for (int queueDepth : new int[] {1, 32}) {
        for (Kind kind : Kind.values()) {
          if (kind != Kind.READ_COLD || round > 0) {
            turn(kind, queueDepth, round);
          }
        }
      }
    }
    return cells.entrySet().stream()
        .map(e ->
            new Row(
                e.getKey().kind,
                e.getKey().queueDepth,
                e.getKey().device,
                List.copyOf(e.getValue())))
        .toList();
  }

  private void turn(Kind kind, int queueDepth, int round) throws IOException, InterruptedException {
    record(new Key(kind, queueDepth, BARE), round, () -> measureBare(kind, queueDepth));
    for (Device device : devices) {
      if (kind != Kind.READ_COLD || device.bucket) {
        record(
            new Key(kind, queueDepth, device.name), round, () -> measure(device, kind, queueDepth));
      }
    }
  }

  private void record(Key key, int round, Contention.Stretch<Cell> stretch)
      throws IOException, InterruptedException {
    // The blocks that nobody has read are counted out, so there is no second try at them.
    Cell cell =
        Contention.leastDisturbed(
            stretch,
            Cell::othersPercent,
            () -> round > 0 && key.kind != Kind.READ_COLD && schedule.isAhead(round));
    if (round > 0) {
      cells.computeIfAbsent(key, _ -> new ArrayList<>()).add(cell);
    }
  }

  private long cellNanos() {
    return TimeUnit.MILLISECONDS.toNanos(plan.cellMillis());
  }

  private Cell measureBare(Kind kind, int queueDepth) throws IOException {
    try (Wire wire = new BareWire(bare.port(), kind.operation(), Layout.BLOCK_BYTES)) {
      contention.begin();
      Sample sample =
          new ClosedLoop(wire)
              .run(kind.operation(), queueDepth, cellNanos(), layout.hot().random(random));
      return new Cell(sample, 0, 0, contention.endPercent());
    }
  }

  private Cell measure(Device device, Kind kind, int queueDepth)
      throws IOException, InterruptedException {
    Metrics before = daemon.metrics();
    Blocks blocks =
        switch (kind) {
          case WRITE -> layout.written().random(random);
          case READ_HOT -> layout.hot().random(random);
          // Each of the cells that count gets its share of the blocks nobody has read.
          case READ_COLD -> Layout.atMost(layout.cold().count() / (2 * plan.rounds()), device.cold);
        };
    contention.begin();
    Sample sample = device.loop.run(kind.operation(), queueDepth, cellNanos(), blocks);
    double others = contention.endPercent();
    if (!device.bucket) {
      return new Cell(sample, 0, 0, others);
    }
    double gets =
        daemon.metrics().requestsSince(before, device.volume).entrySet().stream()
            .filter(e -> e.getKey().startsWith("get read"))
            .mapToDouble(e -> e.getValue().attempts())
            .sum();
    // Or the upload of this device would slow the next one's turn.
    double drainSeconds = kind == Kind.WRITE ? daemon.drain(device.volume) / 1e9 : 0;
    return new Cell(sample, gets, drainSeconds, others);
  }
}
