package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;

/** An image as a stream of bytes, zeroes and all. Threading: confined to the caller; blocks. */
public final class ImageStream implements ImageTarget {

  private static final int ZEROES_BYTES = 1 << 20;

  private final WritableByteChannel channel;
  private final OutputStream out;
  private final MemorySegment zeroes = MemorySegment.ofArray(new byte[ZEROES_BYTES]);

  /** Writes to {@code out}, which stays open. */
  public ImageStream(OutputStream out) {
    this.out = out;
    this.channel = Channels.newChannel(out);
  }

  @Override
  public String description() {
    return "standard output";
  }

  @Override
  public void write(long offsetBytes, MemorySegment data) {
    try {
      var bytes = data.asByteBuffer();
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void writeZeroes(long offsetBytes, long lengthBytes) {
    for (long at = 0; at < lengthBytes; at += ZEROES_BYTES) {
      write(offsetBytes + at, zeroes.asSlice(0, Math.min(ZEROES_BYTES, lengthBytes - at)));
    }
  }

  @Override
  public void force() {
    try {
      out.flush();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public ImageMark mark(long doneBytes) {
    return ImageMark.NONE; // nobody goes on with a stream
  }

  private static DeviceException failure(IOException e) {
    return new DeviceException.Unavailable("standard output takes no more: " + e.getMessage(), e);
  }

  @Override
  public void close() {
    // The stream is its owner's.
  }
}
