package dev.isthmus.blocktranslation.map;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Stretches of sectors that do not overlap, in order; a newer one replaces what it covers.
 *
 * <p>Serves as the block map's memtable, and the volume engine as its dirty map (records in the log
 * that are not yet committed). Threading: confined to one thread at a time; once nothing is put any
 * more, any number of threads may read.
 *
 * @param <V> what holds for a stretch
 */
public final class IntervalMap<V extends SectorRange<V>> implements Iterable<V> {

  /** Hears of a look-up's pieces in ascending order, together exactly the range asked for. */
  public interface Pieces<V> {

    /** A piece, already cut to the range. */
    void piece(V value);

    /** Sectors of which the map says nothing. */
    void gap(long sector, long sectorCount);
  }

  /*
   * A B-tree of two levels: a sorted directory of leaves, each a sorted array of up to 128
   * stretches. One directory serves, because even 4 million stretches make 50,000 leaves, and moving
   * half of such an array once per leaf split costs less than a level more with each look-up. Starts
   * stand in arrays of their own, so that a search touches no value.
   */
  private static final int LEAF_CAPACITY = 128;

  private static final class Leaf {
    int count;
    final long[] starts = new long[LEAF_CAPACITY];
    final @Nullable Object[] values = new @Nullable Object[LEAF_CAPACITY];
  }

  private Leaf[] leaves = {new Leaf()};
  private long[] firsts = {Long.MIN_VALUE};
  private int leafCount = 1;
  private int size;

  /** Number of stretches. */
  public int size() {
    return size;
  }

  /** Whether nothing is in it. */
  public boolean isEmpty() {
    return size == 0;
  }

  /**
   * Puts a value over whatever was in its range; older stretches are cut or removed.
   *
   * @param displaced hears each piece that the value took the place of, cut to the overlap; must
   *     not use this map
   */
  public void put(V value, Consumer<? super V> displaced) {
    long from = value.sector();
    long end = value.endSector();
    int leafIndex = leafOf(from);
    Leaf leaf = leaves[leafIndex];
    int index = firstEndingAfter(leaf, from);
    if (index < leaf.count && leaf.starts[index] < from) {
      V old = at(leaf, index);
      long oldEnd = old.endSector();
      displaced.accept(old.slice(from, Math.min(end, oldEnd) - from));
      leaf.values[index] = old.slice(old.sector(), from - old.sector());
      index++;
      if (oldEnd > end) {
        // The old stretch goes on behind the new one: nothing else can overlap.
        insert(leafIndex, index, value);
        V rest = old.slice(end, oldEnd - end);
        int restLeaf = leafOf(end);
        insert(restLeaf, firstEndingAfter(leaves[restLeaf], end), rest);
        return;
      }
    }
    if (index < leaf.count && leaf.starts[index] == from) {
      V old = at(leaf, index);
      if (old.endSector() == end) {
        displaced.accept(old);
        leaf.values[index] = value;
        return;
      }
    }
    clearWhole(leafIndex, index, end, displaced);
    int target = leafOf(from);
    insert(target, firstEndingAfter(leaves[target], from), value);
  }

  /**
   * Removes the stretches from a position on that end by {@code end}, and cuts one that does not.
   */
  private void clearWhole(int leafIndex, int index, long end, Consumer<? super V> displaced) {
    int at = leafIndex;
    int from = index;
    while (at < leafCount) {
      Leaf leaf = leaves[at];
      int to = from;
      boolean done = false;
      while (to < leaf.count) {
        if (leaf.starts[to] >= end) {
          done = true;
          break;
        }
        V old = at(leaf, to);
        long oldEnd = old.endSector();
        if (oldEnd > end) {
          displaced.accept(old.slice(old.sector(), end - old.sector()));
          leaf.values[to] = old.slice(end, oldEnd - end);
          leaf.starts[to] = end;
          done = true;
          break;
        }
        displaced.accept(old);
        to++;
      }
      remove(leaf, from, to);
      if (leaf.count == 0 && leafCount > 1) {
        removeLeaf(at);
      } else {
        if (at > 0 && from == 0) {
          firsts[at] = leaf.starts[0];
        }
        at++;
      }
      if (done) {
        return;
      }
      from = 0;
    }
  }

  /** {@link #put(SectorRange, Consumer)} for callers to whom the displaced pieces are nothing. */
  public void put(V value) {
    put(value, _ -> {});
  }

  /** Tells the pieces and gaps of a range of at least one sector. */
  public void lookup(long sector, long sectorCount, Pieces<? super V> pieces) {
    long position = sector;
    long end = sector + sectorCount;
    int leafIndex = leafOf(sector);
    int index = firstEndingAfter(leaves[leafIndex], sector);
    while (position < end && leafIndex < leafCount) {
      Leaf leaf = leaves[leafIndex];
      for (; index < leaf.count && position < end; index++) {
        long start = leaf.starts[index];
        if (start >= end) {
          pieces.gap(position, end - position);
          return;
        }
        if (start > position) {
          pieces.gap(position, start - position);
          position = start;
        }
        V value = at(leaf, index);
        long pieceEnd = Math.min(end, value.endSector());
        pieces.piece(value.slice(position, pieceEnd - position));
        position = pieceEnd;
      }
      leafIndex++;
      index = 0;
    }
    if (position < end) {
      pieces.gap(position, end - position);
    }
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
    long end = sectorCount > Long.MAX_VALUE - sector ? Long.MAX_VALUE : sector + sectorCount;
    int before = size;
    int leafIndex = leafOf(sector);
    int index = firstEndingAfter(leaves[leafIndex], sector);
    while (leafIndex < leafCount) {
      Leaf leaf = leaves[leafIndex];
      int kept = index;
      int next = index;
      for (; next < leaf.count && leaf.starts[next] < end; next++) {
        if (!condition.test(at(leaf, next))) {
          leaf.starts[kept] = leaf.starts[next];
          leaf.values[kept] = leaf.values[next];
          kept++;
        }
      }
      boolean done = next < leaf.count;
      remove(leaf, kept, next);
      if (leaf.count == 0 && leafCount > 1) {
        removeLeaf(leafIndex);
      } else {
        if (leafIndex > 0) {
          firsts[leafIndex] = leaf.starts[0];
        }
        leafIndex++;
      }
      if (done) {
        break;
      }
      index = 0;
    }
    return before - size;
  }

  /** {@link #removeIf(long, long, Predicate)} over everything. */
  public int removeIf(Predicate<? super V> condition) {
    return removeIf(0, Long.MAX_VALUE, condition);
  }

  /** Every stretch in ascending order; invalid once the map changes. */
  @Override
  public Iterator<V> iterator() {
    return new Iterator<>() {
      private int leafIndex;
      private int index;

      @Override
      public boolean hasNext() {
        while (leafIndex < leafCount && index == leaves[leafIndex].count) {
          leafIndex++;
          index = 0;
        }
        return leafIndex < leafCount;
      }

      @Override
      public V next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return at(leaves[leafIndex], index++);
      }
    };
  }

  /** Removes everything. */
  public void clear() {
    leaves = new Leaf[] {new Leaf()};
    firsts = new long[] {Long.MIN_VALUE};
    leafCount = 1;
    size = 0;
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // below count a leaf holds nothing but values
  private V at(Leaf leaf, int index) {
    return (V) leaf.values[index];
  }

  /**
   * The last leaf whose first start is at or before {@code sector}; the first leaf takes the rest.
   */
  private int leafOf(long sector) {
    int low = 0;
    int high = leafCount - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (firsts[middle] <= sector) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /**
   * Where in the leaf the first stretch stands that ends behind {@code sector}. No stretch of an
   * earlier leaf does: it ends by this leaf's first start.
   */
  private int firstEndingAfter(Leaf leaf, long sector) {
    int low = 0;
    int high = leaf.count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (leaf.starts[middle] <= sector) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low > 0 && at(leaf, low - 1).endSector() > sector ? low - 1 : low;
  }

  private void insert(int leafIndex, int index, V value) {
    Leaf leaf = leaves[leafIndex];
    if (leaf.count == LEAF_CAPACITY) {
      // Ascending input fills leaves wholly: a split in the middle would leave them half empty.
      boolean append = leafIndex == leafCount - 1 && index == leaf.count;
      int keep = append ? LEAF_CAPACITY : LEAF_CAPACITY / 2;
      split(leafIndex, keep, value.sector());
      if (append || index > keep) {
        insert(leafIndex + 1, index - keep, value);
      } else {
        insert(leafIndex, index, value);
      }
      return;
    }
    System.arraycopy(leaf.starts, index, leaf.starts, index + 1, leaf.count - index);
    System.arraycopy(leaf.values, index, leaf.values, index + 1, leaf.count - index);
    leaf.starts[index] = value.sector();
    leaf.values[index] = value;
    leaf.count++;
    size++;
    if (index == 0 && leafIndex > 0) {
      firsts[leafIndex] = value.sector();
    }
  }

  private void split(int leafIndex, int keep, long appendedStart) {
    Leaf left = leaves[leafIndex];
    Leaf right = new Leaf();
    right.count = left.count - keep;
    System.arraycopy(left.starts, keep, right.starts, 0, right.count);
    System.arraycopy(left.values, keep, right.values, 0, right.count);
    Arrays.fill(left.values, keep, left.count, null);
    left.count = keep;
    if (leafCount == leaves.length) {
      int capacity = leafCount + Math.max(8, leafCount / 2);
      leaves = Arrays.copyOf(leaves, capacity);
      firsts = Arrays.copyOf(firsts, capacity);
    }
    System.arraycopy(leaves, leafIndex + 1, leaves, leafIndex + 2, leafCount - leafIndex - 1);
    System.arraycopy(firsts, leafIndex + 1, firsts, leafIndex + 2, leafCount - leafIndex - 1);
    leaves[leafIndex + 1] = right;
    firsts[leafIndex + 1] = right.count == 0 ? appendedStart : right.starts[0];
    leafCount++;
  }

  private void remove(Leaf leaf, int from, int to) {
    if (from == to) {
      return;
    }
    System.arraycopy(leaf.starts, to, leaf.starts, from, leaf.count - to);
    System.arraycopy(leaf.values, to, leaf.values, from, leaf.count - to);
    int count = leaf.count - (to - from);
    Arrays.fill(leaf.values, count, leaf.count, null);
    leaf.count = count;
    size -= to - from;
  }

  @SuppressWarnings("NullAway") // beyond leafCount the directory holds nothing that is read
  private void removeLeaf(int leafIndex) {
    System.arraycopy(leaves, leafIndex + 1, leaves, leafIndex, leafCount - leafIndex - 1);
    System.arraycopy(firsts, leafIndex + 1, firsts, leafIndex, leafCount - leafIndex - 1);
    leafCount--;
    leaves[leafCount] = null;
    firsts[0] = Long.MIN_VALUE;
  }
}
