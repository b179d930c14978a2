package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.map.Extent;
import java.lang.foreign.MemorySegment;

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

  /**
   * Copies what an extent names out of its frame.
   *
   * @param data of the frame, which was checked to be where the extent wants it
   * @param target as long as the extent
   * @return false, and nothing copied, if the frame is too short: map and frame contradict each
   *     other
   */
  static boolean copy(Extent extent, MemorySegment data, MemorySegment target) {
    long from = extent.sectorInFrame() * 512L;
    long length = extent.sectorCount() * 512;
    if (from + length > data.byteSize()) {
      return false;
    }
    MemorySegment.copy(data, from, target, 0, length);
    return true;
  }

  /** Bytes of the frame with its header. */
  int totalBytes() {
    return Frame.HEADER_BYTES + storedLength;
  }

  long endOffset() {
    return (long) offset + totalBytes();
  }
}
