package dev.isthmus.blockdevice.simple;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A file by its channel. Used by threads that nobody interrupts: an interrupt would close the
 * channel. Threading: thread-safe.
 */
record ChannelMedium(FileChannel channel, FileClaim claim) implements FileMedium {

  @Override
  public void read(ByteBuffer buffer, long offsetBytes) throws IOException {
    for (long at = offsetBytes; buffer.hasRemaining(); ) {
      int count = channel.read(buffer, at);
      if (count < 0) {
        throw new EOFException("the file ends at " + at + ", before the device does");
      }
      at += count;
    }
  }

  @Override
  public void write(ByteBuffer data, long offsetBytes) throws IOException {
    for (long at = offsetBytes; data.hasRemaining(); ) {
      at += channel.write(data, at);
    }
  }

  @Override
  public void force() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      claim.close();
    }
  }
}
