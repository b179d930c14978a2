package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;

/**
 * A regular file or block device as a disk. A last sector, or block, that a file has only part of
 * is filled up with zeroes. Threading: confined to the caller; blocks.
 */
public final class FileSource implements DiskSource {

  private final Path path;
  private final FileChannel channel;
  private final long fileBytes;
  private final long sizeBytes;

  private FileSource(Path path, FileChannel channel, long fileBytes, int unitBytes) {
    this.sizeBytes = (fileBytes + unitBytes - 1) / unitBytes * unitBytes;
    this.path = path;
    this.channel = channel;
    this.fileBytes = fileBytes;
  }

  /**
   * Opens {@code path} to be read.
   *
   * @throws DeviceException.Invalid if it is neither file nor block device, or empty
   */
  public static FileSource open(Path path) {
    return open(path, 512);
  }

  /**
   * The same, with a size that is rounded up.
   *
   * @param unitBytes the size is a multiple of this; a multiple of 512
   */
  public static FileSource open(Path path, int unitBytes) {
    try {
      if (Files.exists(path) && !Files.isRegularFile(path) && !BlockFiles.isBlockDevice(path)) {
        throw new DeviceException.Invalid(path + " is neither a file nor a block device");
      }
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      long size = channel.size();
      if (size == 0) {
        channel.close();
        throw new DeviceException.Invalid(path + " is empty: it is no disk");
      }
      return new FileSource(path, channel, size, unitBytes);
    } catch (NoSuchFileException e) {
      throw new DeviceException.Invalid("there is no " + path, e);
    } catch (IOException e) {
      throw new DeviceException.Unavailable(path + " can't be opened: " + e, e);
    }
  }

  @Override
  public String description() {
    return path.toString();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Bytes of the file itself. */
  public long fileBytes() {
    return fileBytes;
  }

  @Override
  public CompletableFuture<Piece> read(long offsetBytes, MemorySegment buffer) {
    try {
      ByteBuffer bytes = buffer.asByteBuffer();
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, offsetBytes + bytes.position()) < 0) {
          break;
        }
      }
      if (offsetBytes + bytes.position() < Math.min(fileBytes, offsetBytes + buffer.byteSize())) {
        throw new IOException("it became shorter while it was read");
      }
      buffer.asSlice(bytes.position()).fill((byte) 0);
      return CompletableFuture.completedFuture(Piece.DATA);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(
          new DeviceException.Unavailable(
              path + " can't be read at byte " + offsetBytes + ": " + e, e));
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new DeviceException.Unavailable(path + ": " + e, e);
    }
  }
}
