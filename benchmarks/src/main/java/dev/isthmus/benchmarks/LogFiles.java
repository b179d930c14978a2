package dev.isthmus.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The roll files of the daemon's logs: read from begin to end they are the baseline of a recovery,
 * which has to read them as well. Threading: one thread.
 */
final class LogFiles {

  private static final int BUFFER_BYTES = 1 << 20;

  private final List<Path> files;

  private LogFiles(List<Path> files) {
    this.files = files;
  }

  /** All below a data directory. */
  static LogFiles below(Path data) throws IOException {
    try (Stream<Path> all = Files.walk(data)) {
      return new LogFiles(all.filter(path -> path.toString().endsWith(".cq4")).sorted().toList());
    }
  }

  /** What reading took. */
  record Read(long bytes, double seconds) {}

  /** Reads all of them, one after the other. */
  Read read() throws IOException {
    var buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    long bytes = 0;
    long beganNanos = System.nanoTime();
    for (Path file : files) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        int count;
        while ((count = channel.read(buffer.clear())) >= 0) {
          bytes += count;
        }
      }
    }
    return new Read(bytes, (System.nanoTime() - beganNanos) / 1e9);
  }

  /** Has the kernel write them out and forget them: what follows comes from the disk. */
  void evict() throws IOException, InterruptedException {
    for (Path file : files) {
      // The only way to posix_fadvise that needs neither root nor native code.
      Process dd =
          new ProcessBuilder(
                  "dd",
                  "of=" + file,
                  "oflag=nocache",
                  "conv=notrunc,fdatasync",
                  "count=0",
                  "status=none")
              .inheritIO()
              .start();
      if (dd.waitFor() != 0) {
        throw new IOException("dd could not evict " + file);
      }
    }
  }
}
