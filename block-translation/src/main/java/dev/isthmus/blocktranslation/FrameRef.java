package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.map.Extent;
import java.lang.foreign.MemorySegment;

/**
 * Where a frame lies.
 *
 * @param source ordinal of the volume whose segment it is in; 0 is this volume
 * @param segment sequence
 * @param offset of its header within the segment, bytes
 * @param storedLength bytes behind the header
 */
record FrameRef(int source, long segment, int offset, int storedLength) {

  /** The frame that an extent with data lies in. */
  static FrameRef of(Extent extent) {
    return new FrameRef(
        extent.source(), extent.segment(), extent.frameOffset(), extent.storedLength());
  }

  /**
   * Copies what an extent names out of its frame.
   *
   * @param data of the frame
   * @param frameSector where that begins on the disk
   * @param target as long as the extent
   * @return false, and nothing copied, if the frame does not hold it: map and frame contradict each
   *     other
   */
  static boolean copy(Extent extent, MemorySegment data, long frameSector, MemorySegment target) {
    long from = extent.sectorInFrame() * 512L;
    long length = extent.sectorCount() * 512;
    if (frameSector + extent.sectorInFrame() != extent.sector()
        || from + length > data.byteSize()) {
      return false;
    }
    MemorySegment.copy(data, from, target, 0, length);
    return true;
  }

  /** Bytes of the frame with its header. */
  int totalBytes() {
    return dev.isthmus.blocktranslation.format.Frame.HEADER_BYTES + storedLength;
  }

  long endOffset() {
    return (long) offset + totalBytes();
  }
}
