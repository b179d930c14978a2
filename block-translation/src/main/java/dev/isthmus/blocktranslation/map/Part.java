package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.Nullable;

/** A part of a run and what is in memory of it. Threading: confined to the engine thread. */
final class Part {

  final PartInfo info;

  /** Null: not in memory. */
  @Nullable PartIndex index;

  Part(PartInfo info) {
    this.info = info;
  }
}
