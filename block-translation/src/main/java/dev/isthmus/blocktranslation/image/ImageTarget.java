package dev.isthmus.blocktranslation.image;

import java.lang.foreign.MemorySegment;

/**
 * Where an image is written to, from its first byte to its last without gaps. Failures are {@link
 * dev.isthmus.blockdevice.DeviceException}s. Threading: confined to the caller; blocks.
 */
public interface ImageTarget extends AutoCloseable {

  /** What it is, for people. */
  String description();

  /** The next bytes. */
  void write(long offsetBytes, MemorySegment data);

  /** The next bytes are zeroes. */
  void writeZeroes(long offsetBytes, long lengthBytes);

  /** What was written so far survives a power cut. */
  void force();

  /**
   * By what the image is known again, once so much of it was forced.
   *
   * @param doneBytes from its beginning
   */
  ImageMark mark(long doneBytes);

  @Override
  void close();
}
