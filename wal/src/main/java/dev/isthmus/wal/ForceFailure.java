package dev.isthmus.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Carries the memory of a failed force over to the process that opens the log next.
 *
 * <p>After a failed write-back the kernel may keep pages that are not on the disk as if they were:
 * the next process reads them whole, and its own sync succeeds without writing them. The note, a
 * file in the log's directory, lives in the same page cache and so exactly as long as the trap
 * does. Where it is found, what counts is written over with itself before it is forced, so that the
 * sync has something to write.
 *
 * <p>Threading: stateless.
 */
final class ForceFailure {

  private static final String FILE_NAME = "force-failed";
  private static final int COPY_BYTES = 1 << 20;

  private ForceFailure() {}

  /** As far as the disk still takes a name. */
  static void note(Path directory) {
    try {
      Files.createFile(directory.resolve(FILE_NAME));
    } catch (FileAlreadyExistsException _) {
      return; // noted before
    } catch (IOException e) {
      System.getLogger("dev.isthmus.wal")
          .log(System.Logger.Level.ERROR, "noting a failed force in " + directory, e);
    }
  }

  static boolean isNoted(Path directory) {
    return Files.exists(directory.resolve(FILE_NAME));
  }

  /** The boot that a recovery goes by: after a failed force none, since pages may be gone. */
  static UUID trustedBoot(Path directory, LogEnvironment environment) {
    return isNoted(directory) ? LogEnvironment.NIL : environment.bootId();
  }

  static void forget(Path directory) throws IOException {
    if (Files.deleteIfExists(directory.resolve(FILE_NAME))) {
      LogFiles.forceDirectory(directory);
    }
  }

  /** Makes every page up to {@code endOffset} dirty without changing it. */
  static void rewrite(FileChannel channel, long endOffset) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(COPY_BYTES);
    for (long at = 0; at < endOffset; at += buffer.limit()) {
      buffer.clear().limit((int) Math.min(COPY_BYTES, endOffset - at));
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, at + buffer.position()) < 0) {
          throw new IOException("a roll file became shorter while it was rewritten");
        }
      }
      buffer.flip();
      while (buffer.hasRemaining()) {
        channel.write(buffer, at + buffer.position());
      }
    }
  }
}
