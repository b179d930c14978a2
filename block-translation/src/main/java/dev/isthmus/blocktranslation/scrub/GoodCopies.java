package dev.isthmus.blocktranslation.scrub;

import org.jspecify.annotations.Nullable;

/**
 * Where the data of a damaged frame still is, beside the bucket. Called by the scrub; may block.
 */
public interface GoodCopies {

  /** Nobody has the volume open: there is the bucket alone. */
  GoodCopies NONE =
      new GoodCopies() {
        @Override
        public @Nullable String holder(FramePlace frame) {
          return null;
        }

        @Override
        public Outcome rewrite(FramePlace frame) {
          return Outcome.NO_COPY;
        }
      };

  /**
   * A frame, as the map or a segment's table names it. Immutable.
   *
   * @param segment sequence
   * @param offset of its header within the segment, bytes
   * @param storedLength bytes behind the header
   * @param sector where its data begins on the disk
   */
  record FramePlace(long segment, int offset, int storedLength, long sector) {}

  /** What became of writing a frame's data anew. */
  enum Outcome {
    /** What was live of it is in the log again, and goes to the bucket in a new segment. */
    REWRITTEN,
    /** All of its sectors were written over since: nobody reads it. */
    NOT_LIVE,
    /** No copy that passes its checks. */
    NO_COPY,
    /** Writers wait, or the volume takes no writes: a later scrub may. */
    NOT_NOW
  }

  /** Who else has the frame's data, sound: {@code log} or {@code memory}; null for nobody. */
  @Nullable String holder(FramePlace frame);

  /** Writes what is live of a frame anew, through the volume's own write path. */
  Outcome rewrite(FramePlace frame);
}
