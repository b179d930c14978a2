package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.map.Extent;

/**
 * Where a frame lies, and what must be in it.
 *
 * @param source ordinal of the volume whose segment it is in; 0 is this volume
 * @param segment sequence
 * @param offset of its header within the segment, bytes
 * @param storedLength bytes behind the header
 * @param sector where its data begins on the disk: a frame that says another is not the right one
 */
record FrameRef(int source, long segment, int offset, int storedLength, long sector) {

  /** The frame that an extent with data names. */
  static FrameRef of(Extent extent) {
    return new FrameRef(
        extent.source(),
        extent.segment(),
        extent.frameOffset(),
        extent.storedLength(),
        extent.sector() - extent.sectorInFrame());
  }

  /** Bytes of the frame with its header. */
  int totalBytes() {
    return Frame.HEADER_BYTES + storedLength;
  }

  long endOffset() {
    return (long) offset + totalBytes();
  }
}
