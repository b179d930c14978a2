package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.blocktranslation.map.LookupHandler;
import dev.isthmus.blocktranslation.scrub.GoodCopies;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What an open volume still has of a frame that is damaged in the bucket, and the way to write it
 * anew.
 *
 * <p>A block is written anew only where the map still names the damaged frame for it and nothing
 * newer waits in the log, and that is looked at in the very task of the loop that appends the
 * record: no write of a user comes between, so none is undone. Threading: called on the scrub's
 * thread; works on the loop.
 */
final class ScrubCopies implements GoodCopies {

  /** Look-ups that had to wait for a page of the map; it may have left memory again. */
  private static final int MAX_TRIES = 8;

  private final EngineLoop loop;
  private final FrameCache cache;
  private final RecentFrames recent;
  private final BlockMap map;
  private final IntervalMap<DirtyRange> dirty;
  private final WritePath writes;
  private final BooleanSupplier closing;
  private final CompletableFuture<Void> ended;

  /**
   * @param closing whether the parts above are about to be closed
   * @param ended completes when the loop runs nothing more
   */
  ScrubCopies(
      EngineLoop loop,
      FrameCache cache,
      RecentFrames recent,
      BlockMap map,
      IntervalMap<DirtyRange> dirty,
      WritePath writes,
      BooleanSupplier closing,
      CompletableFuture<Void> ended) {
    this.loop = loop;
    this.cache = cache;
    this.recent = recent;
    this.map = map;
    this.dirty = dirty;
    this.writes = writes;
    this.closing = closing;
    this.ended = ended;
  }

  @Override
  public @Nullable String holder(FramePlace frame) {
    var answer = new CompletableFuture<String>();
    ask(() -> answer.complete(closing.getAsBoolean() ? "" : holderOnLoop(ref(frame))));
    loop.await(CompletableFuture.anyOf(answer, ended));
    String holder = answer.getNow("");
    return holder.isEmpty() ? null : holder;
  }

  private String holderOnLoop(FrameRef ref) {
    if (recent.read(ref) != null) {
      return "log";
    }
    return cached(ref) == null ? "" : "memory";
  }

  @Override
  public Outcome rewrite(FramePlace frame) {
    var outcome = new CompletableFuture<Outcome>();
    ask(() -> attempt(frame, MAX_TRIES, outcome));
    loop.await(CompletableFuture.anyOf(outcome, ended));
    return outcome.getNow(Outcome.NOT_NOW);
  }

  private void ask(Runnable task) {
    if (!ended.isDone()) {
      loop.execute(task);
    }
  }

  private static FrameRef ref(FramePlace frame) {
    return new FrameRef(0, frame.segment(), frame.offset(), frame.storedLength(), frame.sector());
  }

  private @Nullable MemorySegment copy(FrameRef ref) {
    MemorySegment fromLog = recent.read(ref);
    return fromLog == null ? cached(ref) : fromLog;
  }

  private @Nullable MemorySegment cached(FrameRef ref) {
    if (!cache.contains(ref)) {
      return null;
    }
    MemorySegment copy = Arena.ofAuto().allocate(ref.storedLength(), 8);
    return cache.read(ref, 0, copy) ? copy : null;
  }

  // On the loop.
  private void attempt(FramePlace frame, int triesLeft, CompletableFuture<Outcome> outcome) {
    if (closing.getAsBoolean() || triesLeft == 0) {
      outcome.complete(Outcome.NOT_NOW);
      return;
    }
    var live = new Live(frame, () -> attempt(frame, triesLeft - 1, outcome));
    if (!map.lookup(frame.sector(), frame.storedLength() / 512, live)) {
      live.late = true; // as of this moment, and told at another: asked again then
    } else if (live.failure != null) {
      outcome.complete(Outcome.NOT_NOW);
    } else {
      outcome.complete(write(frame, live.extents));
    }
  }

  private Outcome write(FramePlace frame, List<Extent> extents) {
    var stretches = new ArrayList<long[]>();
    for (Extent extent : extents) {
      dirty.lookup(
          extent.sector(),
          extent.sectorCount(),
          new IntervalMap.Pieces<>() {
            @Override
            public void piece(DirtyRange newer) {
              // What a user wrote since is in the log, and newer.
            }

            @Override
            public void gap(long sector, long sectorCount) {
              stretches.add(new long[] {sector, sectorCount});
            }
          });
    }
    if (stretches.isEmpty()) {
      return Outcome.NOT_LIVE;
    }
    MemorySegment data = copy(ref(frame));
    if (data == null) {
      return Outcome.NO_COPY;
    }
    for (long[] stretch : stretches) {
      long from = (stretch[0] - frame.sector()) * 512;
      if (!writes.tryRewrite(stretch[0] * 512, data.asSlice(from, stretch[1] * 512))) {
        return Outcome.NOT_NOW;
      }
    }
    return Outcome.REWRITTEN;
  }

  /** Gathers what the map still names the frame for. */
  private static final class Live implements LookupHandler {
    final List<Extent> extents = new ArrayList<>();
    private final FramePlace frame;
    private final Runnable again;
    boolean late;
    @Nullable DeviceException failure;

    Live(FramePlace frame, Runnable again) {
      this.frame = frame;
      this.again = again;
    }

    @Override
    public void extent(Extent piece) {
      if (piece.segment() == frame.segment()
          && piece.frameOffset() == frame.offset()
          && piece.source() == 0
          && piece.storedLength() == frame.storedLength()
          && piece.sector() - piece.sectorInFrame() == frame.sector()) {
        extents.add(piece);
      }
    }

    @Override
    public void done() {
      if (late) {
        again.run();
      }
    }

    @Override
    public void failed(DeviceException why) {
      failure = why;
      if (late) {
        again.run();
      }
    }
  }
}
