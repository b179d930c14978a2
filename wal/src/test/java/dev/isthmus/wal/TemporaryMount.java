package dev.isthmus.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A small file system of a test's own. Needs root; without it a test that asks for one fails.
 *
 * <p>Fault model: {@link #fill} takes what is free, as any other program might. Of a {@link
 * #thinDisk} the file system has room but the disk below has none, so that the kernel accepts
 * writes and fails to write them back: a real failing fsync. Threading: thread-safe.
 */
public final class TemporaryMount implements AutoCloseable {

  private static final long MIB = 1L << 20;
  private static final long COMMAND_SECONDS = 60;

  private final Path path;
  private final Path filler;
  private final List<Path> mounts;

  private TemporaryMount(Path path, Path filler, List<Path> mounts) {
    this.path = path;
    this.filler = filler;
    this.mounts = mounts;
  }

  /** A tmpfs of {@code sizeBytes} on the new directory {@code at}. */
  public static TemporaryMount tmpfs(Path at, long sizeBytes) throws IOException {
    Files.createDirectories(at);
    run("mount", "-t", "tmpfs", "-o", "size=" + sizeBytes, "tmpfs", at.toString());
    return new TemporaryMount(at, at.resolve("filler"), List.of(at));
  }

  /**
   * An ext4 file system without a journal, of {@code promisedBytes}, on a disk that has only {@code
   * realBytes}. After {@link #fill} its disk fails what was never written before.
   *
   * @param at a new directory; two more lie beside it
   */
  public static TemporaryMount thinDisk(Path at, long promisedBytes, long realBytes)
      throws IOException {
    Path below = at.resolveSibling(at.getFileName() + ".below");
    TemporaryMount disk = tmpfs(below, realBytes);
    try {
      Path image = below.resolve("image");
      try (FileChannel channel =
          FileChannel.open(image, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate(1), promisedBytes - 1);
      }
      run(
          "mkfs.ext4",
          "-q",
          "-O",
          "^has_journal",
          "-E",
          "nodiscard,lazy_itable_init=0",
          image.toString());
      Files.createDirectories(at);
      run("mount", "-o", "loop", image.toString(), at.toString());
      return new TemporaryMount(at, below.resolve("filler"), List.of(at, below));
    } catch (IOException e) {
      disk.close();
      throw e;
    }
  }

  /** Where it is mounted. */
  public Path path() {
    return path;
  }

  /** Takes everything that is free. */
  public void fill() throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            filler,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.APPEND)) {
      for (int bytes = (int) MIB; bytes >= 4096; bytes /= 4) {
        takeAll(channel, bytes);
      }
    }
  }

  private static void takeAll(FileChannel channel, int bytes) throws IOException {
    try {
      while (true) {
        channel.write(ByteBuffer.allocate(bytes));
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
  }

  /** From now on nothing in it can be changed; no file may be open for writing. */
  public void makeReadOnly() throws IOException {
    run("mount", "-o", "remount,ro", path.toString());
  }

  /** Gives back what {@link #fill} took. */
  public void free() throws IOException {
    Files.deleteIfExists(filler);
  }

  /** Unmounts, also while files in it are open. */
  @Override
  public void close() throws IOException {
    for (Path mount : mounts) {
      run("umount", "--lazy", mount.toString());
    }
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(
            String.join(" ", command) + " failed; these tests need root: " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
