package dev.isthmus.blocktranslation.formatreader;

import java.nio.ByteBuffer;

/**
 * One change of the disk, from a segment's table or from the log.
 *
 * @param data of a write, {@code 512 * sectorCount} bytes; else empty
 */
record Change(int operation, long lsn, long sector, long sectorCount, ByteBuffer data) {

  static final int WRITE = 1;
  static final int ZEROES = 2;
  static final int DISCARD = 3;
  static final int RESIZE = 4;

  /** The last of the marks, which change no content. */
  static final int CUT_MARK = 8;

  static final ByteBuffer NO_DATA = ByteBuffer.allocate(0).asReadOnlyBuffer();
}
