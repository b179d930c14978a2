package dev.isthmus.blocktranslation.formatreader;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Walks the chain of segments and fences as "Reading the chain" says. Each object is parsed once.
 * Threading: one thread.
 */
final class Chain {

  /**
   * Where a walk stands.
   *
   * @param slot the one to look at next
   */
  record Position(
      long slot,
      long sequence,
      long lastLsn,
      long epoch,
      UUID writer,
      long incarnation,
      long sizeSectors) {

    /** Before the first slot. */
    static Position start(long sizeSectors) {
      return new Position(1, 0, 0, 0, new UUID(0, 0), 0, sizeSectors);
    }
  }

  private final ObjectView view;
  private final ObjectNames names;
  private final ManifestText manifest;
  private final Map<Long, Segment> parsed = new HashMap<>();

  Chain(ObjectView view, ManifestText manifest) {
    this.view = view;
    this.manifest = manifest;
    this.names = new ObjectNames(manifest.volume());
  }

  /** The object at a slot that must hold one. */
  Segment require(long sequence) {
    return parsed.computeIfAbsent(
        sequence, s -> SegmentReader.read(view.require(names.segment(s)), manifest, s));
  }

  /** Hands each segment and fence from {@code start} to {@code visitor}; returns the end. */
  Position walk(Position start, Consumer<Segment> visitor) {
    Position position = start;
    while (view.find(names.segment(position.slot)) != null) {
      Segment segment = require(position.slot);
      checkFollows(position, segment);
      visitor.accept(segment);
      position =
          new Position(
              segment.nextSequence(),
              segment.sequence(),
              segment.lastLsn(),
              segment.epoch(),
              segment.writer(),
              segment.incarnation(),
              segment.sizeSectors());
    }
    if (!manifest.checkpoints().isEmpty()) {
      var floor = manifest.checkpoints().getFirst();
      if (position.sequence < floor.sequence() || position.lastLsn < floor.lastLsn()) {
        throw new DamageException(
            names.segment(position.slot),
            "object",
            "is missing before the newest checkpoint's " + floor.sequence());
      }
    }
    return position;
  }

  private void checkFollows(Position before, Segment segment) {
    Fields object = segment.object();
    object.expect("header.firstLsn", segment.firstLsn(), before.lastLsn + 1);
    if (segment.isFence()) {
      object.require(
          segment.epoch() > before.epoch && segment.epoch() <= manifest.epoch(),
          "header.epoch",
          segment.epoch() + " after " + before.epoch);
      object.require(
          segment.incarnation() >= before.incarnation
              && segment.incarnation() <= manifest.incarnation(),
          "header.incarnation",
          segment.incarnation());
      object.expect("header.sizeSectors", segment.sizeSectors(), before.sizeSectors);
    } else {
      object.expect("header.epoch", segment.epoch(), before.epoch);
      object.expect("header.writer", segment.writer(), before.writer);
      object.expect("header.incarnation", segment.incarnation(), before.incarnation);
    }
    if (segment.epoch() == manifest.epoch()) {
      object.expect("header.writer", segment.writer(), manifest.writer());
    }
  }

  /** Applies one segment's table to {@code image}. */
  static void apply(Segment segment, DiskImage image) {
    int index = 0;
    for (Change change : segment.changes()) {
      String entry = "table[" + index++ + "].";
      switch (change.operation()) {
        case Change.WRITE, Change.ZEROES, Change.DISCARD ->
            segment
                .object()
                .require(
                    image.holds(change.sector(), change.sectorCount()),
                    entry + "sector",
                    change.sector() + " + " + change.sectorCount());
        default -> {}
      }
      image.apply(change, segment.sequence());
    }
    segment.object().expect("header.sizeSectors", segment.sizeSectors(), image.sizeSectors());
  }
}
