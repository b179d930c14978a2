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
  static final int SNAPSHOT_MARK = 5;
  static final int INCONSISTENT_BEGIN = 6;
  static final int INCONSISTENT_END = 7;
  static final int CUT_MARK = 8;

  static final ByteBuffer NO_DATA = ByteBuffer.allocate(0).asReadOnlyBuffer();

  boolean isMark() {
    return operation >= SNAPSHOT_MARK;
  }
}
