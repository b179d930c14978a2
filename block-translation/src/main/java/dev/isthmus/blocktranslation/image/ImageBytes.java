package dev.isthmus.blocktranslation.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** How the bytes of images are read and written, whoever makes one. Stateless. */
public final class ImageBytes {

  private ImageBytes() {}

  /** Writes all of {@code bytes} at {@code offsetBytes}. */
  public static void write(FileChannel channel, long offsetBytes, ByteBuffer bytes)
      throws IOException {
    long at = offsetBytes;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  /** Writes blocks that hold anything but zeroes; the others are holes, and stay holes. */
  public static void writeSparse(FileChannel channel, long offsetBytes, MemorySegment data)
      throws IOException {
    forEachOther(
        data,
        (at, length) -> write(channel, offsetBytes + at, data.asSlice(at, length).asByteBuffer()));
  }

  /**
   * Zeroes a range; holes stay holes.
   *
   * @param buffer for what is there now; as much is done at once
   */
  public static void clear(
      FileChannel channel, long offsetBytes, long lengthBytes, MemorySegment buffer)
      throws IOException {
    for (long at = 0; at < lengthBytes; at += buffer.byteSize()) {
      long from = offsetBytes + at;
      MemorySegment found = buffer.asSlice(0, Math.min(buffer.byteSize(), lengthBytes - at));
      read(channel, from, found.asByteBuffer());
      forEachOther(
          found,
          (begin, length) -> {
            MemorySegment run = found.asSlice(begin, length);
            write(channel, from + begin, run.fill((byte) 0).asByteBuffer());
          });
    }
  }

  /**
   * Fills {@code bytes}.
   *
   * @throws EOFException if the file ends before
   */
  public static void read(FileChannel channel, long offsetBytes, ByteBuffer bytes)
      throws IOException {
    int begin = bytes.position();
    while (bytes.hasRemaining()) {
      long at = offsetBytes + bytes.position() - begin;
      if (channel.read(bytes, at) < 0) {
        throw new EOFException("it ends before byte " + at);
      }
    }
  }

  /** What was written survives a power cut, the file's name included. */
  public static void force(FileChannel channel, Path file) throws IOException {
    channel.force(true);
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    }
  }

  private interface Run {
    void at(long offsetBytes, long lengthBytes) throws IOException;
  }

  private static void forEachOther(MemorySegment bytes, Run run) throws IOException {
    try {
      Zeroes.forEachOther(
          bytes,
          Integer.MAX_VALUE & -Zeroes.BLOCK_BYTES,
          (at, length) -> {
            try {
              run.at(at, length);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
