package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentBuilder;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A fence that is not stored yet. Immutable.
 *
 * @param header what it says
 * @param object its bytes
 */
record Fence(SegmentHeader header, MemorySegment object) {

  /**
   * The fence by which an owner takes the chain at {@code end}.
   *
   * @param ours the manifest that names the owner
   * @param durableLsn that the owner's log must reach
   */
  static Fence after(ChainPosition end, Manifest ours, long durableLsn) {
    MemorySegment object = Arena.ofAuto().allocate(SegmentHeader.BYTES);
    SegmentHeader header =
        new SegmentBuilder(object, ours.volume(), end.nextSequence(), 0)
            .seal(
                new SegmentHeader(
                    SegmentHeader.FENCE,
                    ours.volume(),
                    ours.writer(),
                    ours.epoch(),
                    ours.incarnation(),
                    end.nextSequence(),
                    end.lastLsn() + 1,
                    end.lastLsn(),
                    end.lastTimeNanos(),
                    end.lastTimeNanos(),
                    0,
                    0,
                    0,
                    end.nextSequence() + ours.slotWindow(),
                    ours.sizeBytes() / 512,
                    durableLsn,
                    new byte[0]));
    return new Fence(header, object);
  }
}
