package dev.isthmus.blocktranslation.map;

import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Stretches of sectors that do not overlap, in order; a newer one replaces what it covers.
 *
 * <p>Serves as the block map's memtable, and the volume engine as its dirty map (records in the log
 * that are not yet committed). Threading: confined to one thread at a time; once nothing is put any
 * more, any number of threads may read.
 *
 * @param <V> what holds for a stretch
 */
@SuppressWarnings("DoNotCallSuggester")
public final class IntervalMap<V extends SectorRange<V>> {

  /** Hears of a look-up's pieces in ascending order, together exactly the range asked for. */
  public interface Pieces<V> {

    /** A piece, already cut to the range. */
    void piece(V value);

    /** Sectors of which the map says nothing. */
    void gap(long sector, long sectorCount);
  }

  /** Number of stretches. */
  public int size() {
    throw new UnsupportedOperationException();
  }

  /** Whether nothing is in it. */
  public boolean isEmpty() {
    return size() == 0;
  }

  /**
   * Puts a value over whatever was in its range; older stretches are cut or removed.
   *
   * @param displaced hears each piece that the value took the place of, cut to the overlap
   */
  public void put(V value, Consumer<? super V> displaced) {
    throw new UnsupportedOperationException();
  }

  /** {@link #put(SectorRange, Consumer)} for callers to whom the displaced pieces are nothing. */
  public void put(V value) {
    put(value, _ -> {});
  }

  /** Tells the pieces and gaps of a range of at least one sector. */
  public void lookup(long sector, long sectorCount, Pieces<? super V> pieces) {
    throw new UnsupportedOperationException();
  }

  /**
   * Removes stretches for which {@code condition} holds, out of those that touch the range.
   *
   * <p>For a dirty map after a commit, called with each committed record's range and a condition on
   * the LSN, this costs the pieces of that range and not a scan.
   *
   * @return how many were removed, each as a whole
   */
  public int removeIf(long sector, long sectorCount, Predicate<? super V> condition) {
    throw new UnsupportedOperationException();
  }

  /** {@link #removeIf(long, long, Predicate)} over everything. */
  public int removeIf(Predicate<? super V> condition) {
    return removeIf(0, Long.MAX_VALUE, condition);
  }

  /** Tells every stretch in ascending order. */
  public void forEach(Consumer<? super V> action) {
    throw new UnsupportedOperationException();
  }

  /** Removes everything. */
  public void clear() {
    throw new UnsupportedOperationException();
  }
}
