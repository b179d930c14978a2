package dev.isthmus.blocktranslation;

/**
 * Where a frame lies.
 *
 * @param source ordinal of the volume whose segment it is in; 0 is this volume
 * @param segment sequence
 * @param offset of its header within the segment, bytes
 * @param storedLength bytes behind the header
 */
record FrameRef(int source, long segment, int offset, int storedLength) {

  /** Bytes of the frame with its header. */
  int totalBytes() {
    return dev.isthmus.blocktranslation.format.Frame.HEADER_BYTES + storedLength;
  }

  long endOffset() {
    return (long) offset + totalBytes();
  }
}
