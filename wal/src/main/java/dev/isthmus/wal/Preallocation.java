package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reserves disk space for a file before it is mapped: a store into a mapping that finds the file
 * system full is a fault, not an error code.
 *
 * <p>By posix_fallocate(3) where the C library has it (the blocks are then the file's, unwritten
 * and reading as zeroes; on file systems that copy on write, as btrfs and ZFS, even that is no
 * promise), else by writing zeroes.
 *
 * <p>Threading: stateless.
 */
final class Preallocation {

  /** There is no room; a condition that may pass. */
  static final class NoSpaceException extends IOException {
    private static final long serialVersionUID = 1L;

    NoSpaceException(String message) {
      super(message);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  // errno values of Linux on every architecture that the JDK runs on.
  private static final int ENOSPC = 28;
  private static final int EDQUOT = 122;
  private static final int EOPNOTSUPP = 95;
  private static final int EINVAL = 22;
  private static final int O_RDWR_CLOEXEC = 2 | 0x80000;

  private static final String NO_SPACE = "No space left on device";

  private static final int ZEROES_BYTES = 1 << 20;

  private static final @Nullable MethodHandle OPEN =
      handle(
          "open",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
  private static final @Nullable MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
  private static final @Nullable MethodHandle FALLOCATE =
      handle(
          "posix_fallocate",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG));

  private Preallocation() {}

  private static @Nullable MethodHandle handle(String name, FunctionDescriptor descriptor) {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return null;
    }
    try {
      Linker linker = Linker.nativeLinker();
      SymbolLookup symbols = linker.defaultLookup();
      return symbols.find(name).map(at -> downcall(linker, at, descriptor)).orElse(null);
    } catch (UnsupportedOperationException | IllegalCallerException e) {
      return null; // no native access: zeroes are written instead
    }
  }

  // What the caller of a restricted method must allow is named at LogDirectory.
  @SuppressWarnings("restricted")
  private static MethodHandle downcall(
      Linker linker, MemorySegment symbol, FunctionDescriptor descriptor) {
    return linker.downcallHandle(symbol, descriptor);
  }

  /**
   * Gives the new, empty {@code file} {@code bytes} bytes of disk space; they read as zeroes.
   *
   * @throws IOException for which {@link #isNoSpace} holds if the file system or a quota has not
   *     got them
   */
  static void reserve(Path file, FileChannel channel, long bytes) throws IOException {
    int errno = allocate(file, bytes);
    if (errno == ENOSPC || errno == EDQUOT) {
      throw new IOException(NO_SPACE);
    }
    if (errno == EOPNOTSUPP || errno == EINVAL) {
      writeZeroes(channel, bytes);
    } else if (errno != 0) {
      throw new IOException("reserving " + bytes + " bytes for " + file + ": errno " + errno);
    }
  }

  /** Returns an errno, 0 for success. */
  private static int allocate(Path file, long bytes) throws IOException {
    if (OPEN == null || CLOSE == null || FALLOCATE == null) {
      return EOPNOTSUPP;
    }
    try (Arena arena = Arena.ofConfined()) {
      int descriptor = (int) OPEN.invokeExact(arena.allocateFrom(file.toString()), O_RDWR_CLOEXEC);
      if (descriptor < 0) {
        throw new IOException("opening " + file + " to reserve its space failed");
      }
      try {
        return (int) FALLOCATE.invokeExact(descriptor, 0L, bytes);
      } finally {
        int ignored = (int) CLOSE.invokeExact(descriptor);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call into the C library threw", e);
    }
  }

  private static void writeZeroes(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeroes = ByteBuffer.allocateDirect(ZEROES_BYTES);
    for (long at = 0; at < bytes; ) {
      zeroes.clear().limit((int) Math.min(ZEROES_BYTES, bytes - at));
      at += channel.write(zeroes, at);
    }
  }

  /** Whether a failure says that the file system or a quota is used up. */
  static boolean isNoSpace(IOException failure) {
    // The JDK gives no code, only the C library's text.
    String text = String.valueOf(failure.getMessage());
    return failure instanceof NoSpaceException
        || text.contains(NO_SPACE)
        || text.contains("Disk quota exceeded");
  }
}
