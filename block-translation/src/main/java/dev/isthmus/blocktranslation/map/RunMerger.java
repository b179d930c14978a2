package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The runs of a map, and their merging in the background as {@link MergePolicy} says. Threading:
 * confined to the engine thread; merges run on the environment's background executor.
 */
final class RunMerger {

  /** A merge under way. */
  private record Merge(List<Run> inputs, MergeSource source, RunBuild build) {}

  private final MapSettings settings;
  private final BlockMap.Environment environment;
  private final PartCache cache;
  private final SegmentTable segments;
  private final BooleanSupplier nothingFrozen;

  /** Newest first; replaced, never changed, since look-ups hold it. */
  private Run[] runs;

  private final List<Merge> merges = new ArrayList<>();
  private final List<CompletableFuture<Void>> mergeAllWaiters = new ArrayList<>();
  private boolean failed;
  private boolean closed;
  private long mergesDone;
  private long bytesWritten;
  private long entriesWritten;

  /**
   * @param restored newest first
   * @param segments that merges release what they find hidden in
   * @param nothingFrozen whether all memtables are written out, before which a merge of everything
   *     does not begin
   */
  RunMerger(
      List<RunInfo> restored,
      MapSettings settings,
      BlockMap.Environment environment,
      PartCache cache,
      SegmentTable segments,
      BooleanSupplier nothingFrozen) {
    this.settings = settings;
    this.environment = environment;
    this.cache = cache;
    this.segments = segments;
    this.nothingFrozen = nothingFrozen;
    this.runs =
        restored.stream().map(run -> new Run(run.parts(), settings.fanOut())).toArray(Run[]::new);
  }

  /** Newest first; never changed. */
  Run[] runs() {
    return runs;
  }

  /**
   * Whether there are so many runs that merges must catch up first. What lies below a damaged run
   * grows no more and does not count, up to a bound that only dozens of damaged runs keep it at.
   */
  boolean isCrowded() {
    return runs.length >= MapSettings.MAX_RUNS
        || MergePolicy.stretches(List.of(runs)).getFirst().size() >= settings.maxRuns();
  }

  /** Runs that are merged no more. */
  int damagedRuns() {
    return MergePolicy.stretches(List.of(runs)).size() - 1;
  }

  /** Puts a memtable that was written out, if anything of it is left, above all runs. */
  void add(List<PartInfo> parts) {
    replace(0, 0, parts);
  }

  /** See {@link BlockMap#mergeAll}. */
  CompletableFuture<Void> mergeAll() {
    var future = new CompletableFuture<Void>();
    mergeAllWaiters.add(future);
    return future;
  }

  /** Starts again after a failure. */
  void retry() {
    failed = false;
  }

  /** Starts what is due and not under way. Merges may end before this returns. */
  void schedule() {
    while (!closed && !failed && merges.size() < MergePolicy.MAX_MERGES) {
      MergePolicy.Window window = nextMerge();
      if (window == null) {
        return;
      }
      start(window);
    }
  }

  private MergePolicy.@Nullable Window nextMerge() {
    if (mergeAllWaiters.isEmpty()) {
      return MergePolicy.next(List.of(runs), settings.fanOut(), settings.maxRuns());
    }
    if (!merges.isEmpty() || !nothingFrozen.getAsBoolean()) {
      return null;
    }
    for (MergePolicy.Window stretch : MergePolicy.stretches(List.of(runs))) {
      if (stretch.size() > 1) {
        return stretch;
      }
    }
    var done = List.copyOf(mergeAllWaiters);
    mergeAllWaiters.clear();
    done.forEach(waiter -> waiter.complete(null));
    return null;
  }

  private void start(MergePolicy.Window window) {
    List<Run> inputs = List.of(runs).subList(window.from(), window.to());
    boolean withOldest = window.to() == runs.length;
    long entries = 0;
    var cursors = new ArrayList<RunCursor>();
    for (Run run : inputs) {
      run.merging = true;
      entries += run.entryCount;
      cursors.add(new RunCursor(run.infos(), environment.pages()));
    }
    var source = new MergeSource(cursors, withOldest);
    var build =
        new RunBuild(
            source,
            entries,
            settings.partPages(),
            environment,
            RunBuild.Completion.on(
                environment.engineThread(), () -> closed, this::merged, this::mergeFailed));
    merges.add(new Merge(inputs, source, build));
    build.start();
  }

  private Merge end(RunBuild build) {
    for (Merge merge : merges) {
      if (merge.build() == build) {
        merges.remove(merge);
        merge.inputs().forEach(run -> run.merging = false);
        return merge;
      }
    }
    throw new IllegalStateException("a merge ended twice");
  }

  private void merged(RunBuild build) {
    Merge merge = end(build);
    var flaws = new ArrayList<String>();
    build
        .source()
        .forEachHidden((segment, sectors) -> {
          String flaw = segments.flaw(segment, sectors);
          if (flaw != null) {
            flaws.add(flaw);
          }
        });
    if (!flaws.isEmpty()) {
      // Which of them is wrong nobody can tell.
      damaged(
          build,
          merge.inputs(),
          new DeviceException.Corrupt("the map's runs and segments: " + flaws.getFirst()));
      return;
    }
    build.source().forEachHidden(segments::release);
    mergesDone++;
    int from = List.of(runs).indexOf(merge.inputs().getFirst());
    replace(from, from + merge.inputs().size(), build.parts());
    var dropped = new ArrayList<PartInfo>();
    for (Run run : merge.inputs()) {
      run.parts.forEach(cache::drop);
      dropped.addAll(run.infos());
    }
    environment.listener().partsDropped(List.copyOf(dropped));
    environment.listener().workDone();
    schedule();
  }

  private void mergeFailed(RunBuild build, DeviceException failure) {
    Merge merge = end(build);
    int damaged = merge.source().damagedRun();
    if (damaged >= 0) {
      damaged(build, List.of(merge.inputs().get(damaged)), failure);
    } else {
      failed = true;
      build.tellDropped();
      environment.listener().workFailed(failure);
    }
  }

  /** To try again would fail again: what remains is to merge without them. */
  private void damaged(RunBuild build, List<Run> unmergeable, DeviceException failure) {
    unmergeable.forEach(run -> run.damaged = true);
    build.tellDropped();
    environment.listener().runsDamaged(unmergeable.size(), failure);
    environment.listener().workDone(); // fewer count now
    schedule();
  }

  /** Puts a run of these parts, if any, in the place of runs {@code from} to before {@code to}. */
  private void replace(int from, int to, List<PartInfo> parts) {
    var list = new ArrayList<>(List.of(runs));
    list.subList(from, to).clear();
    if (!parts.isEmpty()) {
      list.add(from, new Run(parts, settings.fanOut()));
    }
    runs = list.toArray(Run[]::new);
    for (PartInfo part : parts) {
      bytesWritten += part.totalLengthBytes();
      entriesWritten += part.entryCount();
    }
  }

  long mergesDone() {
    return mergesDone;
  }

  /** Bytes of the parts of all runs that were written. */
  long bytesWritten() {
    return bytesWritten;
  }

  /** Their extents. */
  long entriesWritten() {
    return entriesWritten;
  }

  void close() {
    closed = true;
    merges.forEach(merge -> merge.build().cancel());
    mergeAllWaiters.forEach(waiter -> waiter.cancel(false));
  }
}
