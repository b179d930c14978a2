package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Reads a file through a sliding buffer. Threading: confined to one thread at a time. */
final class FileWindow implements AutoCloseable {

  /** Many times the longest record, so that the buffer is refilled rarely. */
  private static final int WINDOW_BYTES = 1 << 20;

  private final Path path;
  private final FileChannel channel;
  private final long sizeBytes;
  private final ByteBuffer buffer;
  private final MemorySegment segment;
  private long start;
  private int filled;

  FileWindow(Path path, ByteBuffer buffer) throws IOException {
    this.path = path;
    this.buffer = buffer;
    this.segment = MemorySegment.ofBuffer(buffer.clear());
    this.channel = FileChannel.open(path, StandardOpenOption.READ);
    this.sizeBytes = channel.size();
  }

  /** A buffer to be used by one window after another. */
  static ByteBuffer newBuffer() {
    return ByteBuffer.allocateDirect(WINDOW_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  Path path() {
    return path;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /** The buffer, as memory. */
  MemorySegment segment() {
    return segment;
  }

  /** The buffer. Position and limit mean nothing. */
  ByteBuffer buffer() {
    return buffer;
  }

  /**
   * Makes as many of the {@code length} bytes at {@code position} present as the file has.
   *
   * @return index of the first in the buffer
   */
  int load(long position, int length) throws IOException {
    long wantedEnd = Math.min(position + length, sizeBytes);
    if (position < start || wantedEnd > start + filled) {
      buffer.clear();
      start = position;
      while (buffer.hasRemaining()) {
        int count = channel.read(buffer, start + buffer.position());
        if (count < 0) {
          break;
        }
      }
      filled = buffer.position();
      if (wantedEnd > start + filled) {
        throw new IOException(path + " became shorter while it was read");
      }
    }
    return (int) (position - start);
  }

  /** How many bytes are present from {@code position} on, which was loaded. */
  int loadedFrom(long position) {
    return (int) (start + filled - position);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
