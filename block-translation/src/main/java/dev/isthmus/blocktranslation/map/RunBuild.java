package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the entries of a source out as a new run, part by part: a memtable, or a merge.
 *
 * <p>It goes on in steps on the background executor and holds no thread while it waits for a read
 * or a PUT; one part is stored while the next is filled. Threading: one step at a time; {@link
 * #cancel} from any thread.
 */
final class RunBuild {

  /** Hears the end, on the background executor. */
  interface Completion {

    /** All parts are stored. Without entries there are none. */
    void built(RunBuild build);

    /** It failed or was cancelled; {@link #parts()} may be stored. */
    void failed(RunBuild build, DeviceException failure);

    /** Brings the end to the engine thread; of a closed map nobody hears any more. */
    static Completion on(
        Executor engineThread,
        BooleanSupplier closed,
        Consumer<RunBuild> built,
        BiConsumer<RunBuild, DeviceException> failed) {
      return new Completion() {
        @Override
        public void built(RunBuild build) {
          tell(() -> built.accept(build));
        }

        @Override
        public void failed(RunBuild build, DeviceException failure) {
          tell(() -> failed.accept(build, failure));
        }

        private void tell(Runnable end) {
          engineThread.execute(() -> {
            if (!closed.getAsBoolean()) {
              end.run();
            }
          });
        }
      };
    }
  }

  private final EntrySource source;
  private final BlockMap.Environment environment;
  private final int partPages;
  private final Completion completion;
  private final List<PartInfo> parts = new ArrayList<>();
  private long entriesExpected;
  private @Nullable RunPartWriter writer;
  private @Nullable RunPartWriter storing;
  private @Nullable CompletableFuture<Void> put;
  private volatile boolean cancelled;

  private boolean pending;
  private boolean ended;
  private long pendingSector;
  private long pendingLengths;
  private long pendingSegment;
  private long pendingPlace;

  /**
   * @param entriesExpected about how many entries come, for the size of the first buffer
   */
  RunBuild(
      EntrySource source,
      long entriesExpected,
      int partPages,
      BlockMap.Environment environment,
      Completion completion) {
    this.source = source;
    this.entriesExpected = entriesExpected;
    this.partPages = partPages;
    this.environment = environment;
    this.completion = completion;
  }

  void start() {
    environment.background().execute(this::step);
  }

  /** Ends it at its next step, with {@code failed}. */
  void cancel() {
    cancelled = true;
  }

  /** What was stored, or may have been. */
  List<PartInfo> parts() {
    return parts;
  }

  EntrySource source() {
    return source;
  }

  /** Tells the map's listener that nobody will refer to the parts. On the engine thread. */
  void tellDropped() {
    if (!parts.isEmpty()) {
      environment.listener().partsDropped(List.copyOf(parts));
    }
  }

  private void step() {
    try {
      CompletableFuture<?> blocker = run();
      if (blocker != null) {
        var _ = blocker.whenComplete((_, _) -> environment.background().execute(this::step));
        return;
      }
    } catch (RuntimeException | Error e) {
      release();
      completion.failed(this, PartReads.failure(e));
      return;
    }
    release();
    completion.built(this);
  }

  /** Goes on as far as it can: what to wait for, or null when all is stored. */
  private @Nullable CompletableFuture<?> run() {
    while (true) {
      if (cancelled) {
        throw new DeviceException.Unavailable("the block map is closed");
      }
      if (writer != null && (ended || writer.isFull())) {
        if (put != null) {
          if (!put.isDone()) {
            return put;
          }
          finishPut(put);
        }
        RunPartWriter full = writer;
        writer = null;
        store(full);
      } else if (ended) {
        if (put != null && !put.isDone()) {
          return put;
        }
        if (put != null) {
          finishPut(put);
        }
        return null;
      }
      CompletableFuture<?> blocker = fill();
      if (blocker != null) {
        return blocker;
      }
    }
  }

  /** Takes entries until the part is full or the source ends: null; or what to wait for. */
  private @Nullable CompletableFuture<?> fill() {
    while (!ended && (writer == null || !writer.isFull())) {
      switch (source.advance()) {
        case READY -> take();
        case BLOCKED -> {
          CompletableFuture<?> blocker = source.blocker();
          if (blocker == null) {
            throw new DeviceException.Internal("a source is blocked by nothing");
          }
          if (!blocker.isDone()) {
            return blocker;
          }
        }
        case END -> {
          if (pending) {
            write();
          }
          ended = true;
        }
      }
    }
    return null;
  }

  /** Joins the source's entry to the one before, if it goes on exactly there. */
  private void take() {
    if (pending) {
      long count = EntryWords.count(pendingLengths);
      long joined = count + EntryWords.count(source.lengths);
      if (source.sector == pendingSector + count
          && source.segment == pendingSegment
          && source.place == EntryWords.skip(pendingSegment, pendingPlace, count)
          && EntryWords.storedLength(source.lengths) == EntryWords.storedLength(pendingLengths)
          && joined <= PartLayout.MAX_ENTRY_SECTORS) {
        pendingLengths = EntryWords.withCount(pendingLengths, joined);
        return;
      }
      write();
    }
    pending = true;
    pendingSector = source.sector;
    pendingLengths = source.lengths;
    pendingSegment = source.segment;
    pendingPlace = source.place;
  }

  private void write() {
    if (writer == null) {
      long pages = Math.ceilDiv(entriesExpected, PartLayout.PAGE_ENTRIES);
      // An estimate that was too low costs small parts at the end, never a failure.
      int capacity = Math.clamp(pages, Math.min(16, partPages), partPages);
      var name = new PartName(environment.epoch(), environment.nonces().getAsLong());
      writer = new RunPartWriter(environment.volume(), name, capacity);
    }
    writer.add(pendingSector, pendingLengths, pendingSegment, pendingPlace);
    entriesExpected--;
    pending = false;
  }

  private void store(RunPartWriter full) {
    PartInfo info = full.finish();
    // Before the PUT: one that fails may have taken effect all the same.
    parts.add(info);
    storing = full;
    put = environment.parts().put(info, full.bytes());
  }

  private void finishPut(CompletableFuture<Void> done) {
    try {
      done.join();
    } catch (CompletionException e) {
      throw PartReads.failure(e);
    } finally {
      put = null;
      if (storing != null) {
        storing.close();
        storing = null;
      }
    }
  }

  /** Frees buffers; one that is lent to a PUT under way when that ends. */
  private void release() {
    if (writer != null) {
      writer.close();
      writer = null;
    }
    RunPartWriter lent = storing;
    storing = null;
    if (lent != null && put != null) {
      var _ = put.whenComplete((_, _) -> lent.close());
    } else if (lent != null) {
      lent.close();
    }
  }
}
