package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.Nullable;

/** What the {@link PartCache} holds and may drop. Threading: confined to the engine thread. */
abstract class CacheUnit {

  /** Heap that it takes. */
  final int heapBytes;

  /** Place in the cache's ring; -1: not in it. */
  int slot = -1;

  /** Passes of the clock's hand that it still survives. */
  int chances;

  /** Whose pages or index this is. */
  @Nullable Part owner;

  CacheUnit(int heapBytes) {
    this.heapBytes = heapBytes;
  }
}
