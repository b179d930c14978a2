package dev.isthmus.blockdevice.simple;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The file under a {@link FileDevice}: what a test replaces to make it fail. Blocks. Threading:
 * thread-safe.
 */
interface FileMedium extends AutoCloseable {

  /** Fills {@code buffer} from {@code offsetBytes}; the end of the file is an error. */
  void read(ByteBuffer buffer, long offsetBytes) throws IOException;

  /** Writes all of {@code data}. */
  void write(ByteBuffer data, long offsetBytes) throws IOException;

  /** Makes all that was written durable: fdatasync. */
  void force() throws IOException;

  @Override
  void close() throws IOException;
}
