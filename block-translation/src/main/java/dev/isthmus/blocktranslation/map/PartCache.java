package dev.isthmus.blocktranslation.map;

import java.util.ArrayList;

/**
 * Keeps indexes and pages of parts within a budget of heap.
 *
 * <p>A clock (second chance): a unit that was used since the hand passed last survives, an index
 * three times, since reading one costs as much as many pages. An index with pages in memory stays:
 * they hang on it. Dropping a unit never disturbs a look-up that holds it. Threading: confined to
 * the engine thread.
 */
final class PartCache {

  private static final int PAGE_CHANCES = 1;
  private static final int INDEX_CHANCES = 3;

  private final long budgetBytes;
  private final ArrayList<CacheUnit> ring = new ArrayList<>();
  private int hand;
  private long heapBytes;

  PartCache(long budgetBytes) {
    this.budgetBytes = budgetBytes;
  }

  long heapBytes() {
    return heapBytes;
  }

  static void touch(Page page) {
    page.chances = PAGE_CHANCES;
  }

  static void touch(PartIndex index) {
    index.chances = INDEX_CHANCES;
  }

  void add(Part part, PartIndex index) {
    part.index = index;
    touch(index);
    enter(part, index);
  }

  void add(Part part, PartIndex index, Page page) {
    index.pages[page.number] = page;
    index.pagesInMemory++;
    touch(page);
    enter(part, page);
  }

  private void enter(Part part, CacheUnit unit) {
    unit.owner = part;
    unit.slot = ring.size();
    ring.add(unit);
    heapBytes += unit.heapBytes;
    evict(unit);
  }

  /** Makes room; what just entered goes last of all. */
  private void evict(CacheUnit entered) {
    // Every unit is passed at most once per chance and once more: then the rest is pinned.
    int passes = (INDEX_CHANCES + 2) * ring.size();
    while (heapBytes > budgetBytes && passes-- > 0 && !ring.isEmpty()) {
      if (hand >= ring.size()) {
        hand = 0;
      }
      CacheUnit unit = ring.get(hand);
      if (unit.slot == entered.slot) {
        hand++;
      } else if (unit.chances > 0) {
        unit.chances--;
        hand++;
      } else if (unit instanceof PartIndex index && index.pagesInMemory > 0) {
        hand++;
      } else {
        leave(unit);
      }
    }
  }

  private void leave(CacheUnit unit) {
    CacheUnit last = ring.removeLast();
    if (last.slot != unit.slot) {
      ring.set(unit.slot, last);
      last.slot = unit.slot;
    }
    unit.slot = -1;
    heapBytes -= unit.heapBytes;
    Part part = unit.owner;
    unit.owner = null;
    if (part == null) {
      return;
    }
    if (unit instanceof Page page) {
      PartIndex index = part.index;
      if (index != null && index.pages[page.number] == page) {
        index.pages[page.number] = null;
        index.pagesInMemory--;
      }
    } else if (part.index == unit) {
      part.index = null;
    }
  }

  /** Forgets all of a part. */
  void drop(Part part) {
    PartIndex index = part.index;
    if (index == null) {
      return;
    }
    for (Page page : index.pages) {
      if (page != null) {
        leave(page);
      }
    }
    leave(index);
  }
}
