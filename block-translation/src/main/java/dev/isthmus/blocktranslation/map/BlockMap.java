package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Where each sector of a volume lies: a memtable of recent changes over immutable sorted runs in
 * the bucket, which are merged in the background.
 *
 * <h2>Use</h2>
 *
 * The engine calls {@link #put} for each segment as it commits, in order. When the memtable is over
 * its limit it is frozen by itself, always between two segments, and written out as a run. For a
 * checkpoint after segment n the engine calls {@link #freeze()} right after {@code put} of n; the
 * future completes with what the checkpoint names, and later segments are not in it. While {@link
 * #congested()} the engine commits no further segment.
 *
 * <p>Threading: confined to the engine thread, which {@code engineThread} posts to; no method
 * blocks. Futures and handlers complete on the engine thread, possibly before the call returns.
 * Writing out and merging run on {@code background} in short stretches that never block either; a
 * direct executor makes everything deterministic.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class BlockMap implements AutoCloseable {

  /**
   * What a map needs of its surroundings.
   *
   * @param volume the volume's UUID, written to each part
   * @param epoch of this owner, for the names of new parts
   * @param engineThread posts to the thread that the map is confined to, in order; thread-safe
   * @param background runs the map's own work; may be direct
   * @param pages reads parts
   * @param parts stores parts
   * @param nonces random numbers for names; called on {@code background}
   * @param listener hears of background work
   */
  public record Environment(
      UUID volume,
      long epoch,
      Executor engineThread,
      Executor background,
      PageSource pages,
      PartStore parts,
      LongSupplier nonces,
      MapListener listener) {}

  private BlockMap() {}

  /**
   * A map as a checkpoint describes it; {@link MapDescription#EMPTY} for a new volume. Reads
   * nothing: indexes come with the first look-ups. Segments after the checkpoint are then {@link
   * #put}.
   *
   * @throws DeviceException.Corrupt if the description contradicts itself
   */
  public static BlockMap restore(
      MapDescription description, MapSettings settings, Environment environment) {
    throw new UnsupportedOperationException();
  }

  /**
   * Applies one committed segment. O(extents); a discard of the whole disk is one extent.
   *
   * @param sequence above that of every segment put before
   * @param epoch of the segment's writer
   * @param totalLengthBytes of the segment
   * @param extents its writes, zeroes and discards in LSN order: a later one wins. Data extents
   *     name this segment. What a shrinking resize cuts off comes as zeroes
   */
  public void put(long sequence, long epoch, int totalLengthBytes, List<Extent> extents) {
    throw new UnsupportedOperationException();
  }

  /**
   * Finds out where a range lies, as of this moment: what is put while the look-up waits for a page
   * does not change its answer.
   *
   * @param sector first sector
   * @param sectorCount at least 1; at most 65,536 (32 MiB)
   * @param handler hears the pieces
   * @return whether all was in memory, so that the handler was called before this returned
   */
  public boolean lookup(long sector, long sectorCount, LookupHandler handler) {
    throw new UnsupportedOperationException();
  }

  /**
   * Freezes the memtable, for a checkpoint after the segment put last.
   *
   * @return completes on the engine thread once everything put so far is stored in the bucket. It
   *     does not fail while work can be retried; {@link #close()} cancels it
   */
  public CompletableFuture<MapDescription> freeze() {
    throw new UnsupportedOperationException();
  }

  /**
   * Whether writing out or merging lags so far that the engine should commit no further segment. It
   * may turn false with each event on the engine thread: ask again after {@link
   * MapListener#partsDropped} or a page load, or on a timer.
   */
  public boolean congested() {
    throw new UnsupportedOperationException();
  }

  /** Starts again what {@link MapListener#workFailed} reported. */
  public void retryWork() {
    throw new UnsupportedOperationException();
  }

  /** Merges everything into one run, in the background, after what is under way. */
  public CompletableFuture<Void> mergeAll() {
    throw new UnsupportedOperationException();
  }

  /** Live sectors by segment. */
  public SegmentTable segments() {
    throw new UnsupportedOperationException();
  }

  /** The last segment put, 0 if none. */
  public long throughSequence() {
    throw new UnsupportedOperationException();
  }

  /** Levels and counters. */
  public MapStatistics statistics() {
    throw new UnsupportedOperationException();
  }

  /**
   * Stops: look-ups under way fail {@code Unavailable}, freezes are cancelled, background work ends
   * at its next step. What was not written out is in the segments. Idempotent.
   */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
