package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Goes through a map as a checkpoint describes it, out of its stored runs alone: what is live, in
 * order of sectors. Takes two chunks of 256 KiB for each run and no more, whatever the disk's size.
 * Stateless.
 */
public final class MapWalk {

  /** Lets the caller wait in its own way, and give up between two entries. */
  @FunctionalInterface
  public interface Wait {

    /** Returns when {@code future} is done, however it ended. */
    void untilDone(CompletableFuture<?> future);
  }

  private MapWalk() {}

  /**
   * Tells all live data extents; zeroes are left out. Blocks, by {@code wait} alone.
   *
   * @param pages as {@link PageSource} says; what it fails with is thrown from here
   * @throws DeviceException.Corrupt for a page that fails its checks twice
   */
  public static void forEach(
      MapDescription map, PageSource pages, Wait wait, Consumer<Extent> action) {
    List<RunCursor> cursors = new ArrayList<>();
    for (RunInfo run : map.runs()) {
      cursors.add(new RunCursor(run.parts(), pages));
    }
    var source = new MergeSource(cursors, true);
    while (true) {
      switch (source.advance()) {
        case READY ->
            action.accept(
                EntryWords.extent(
                    source.sector,
                    source.lengths,
                    source.segment,
                    source.place,
                    source.sector,
                    EntryWords.count(source.lengths)));
        case BLOCKED -> {
          CompletableFuture<?> blocker = source.blocker();
          if (blocker != null) {
            wait.untilDone(blocker);
          }
        }
        case END -> {
          return;
        }
      }
    }
  }
}
