package dev.isthmus.gateway.logs;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.wal.LogVisitor;
import dev.isthmus.wal.WriteAheadLog;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/**
 * An image of a disk in the making: a copy of another one, or an empty sparse file; changes are
 * applied to it in their order. It has its name only once it is whole and durable, and never
 * replaces anything. Threading: confined to one thread; blocks.
 */
public final class ImageFile implements LogSalvage.Sink, AutoCloseable {

  private static final int CHUNK_BYTES = 1 << 20;
  private static final String PARTIAL = ".partial";

  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
  private final MemorySegment payloadBuffer =
      Arena.ofAuto().allocate(WriteAheadLog.MAX_PAYLOAD_BYTES, 8);
  private long limitBytes = Long.MAX_VALUE;
  private boolean finished;

  private ImageFile(Path target, Path partial, FileChannel channel) {
    this.target = target;
    this.partial = partial;
    this.channel = channel;
  }

  /**
   * An empty one.
   *
   * @throws DeviceException.Invalid if there is something of that name already
   */
  public static ImageFile create(Path target) {
    requireAbsent(target);
    Path partial = target.resolveSibling(target.getFileName() + PARTIAL);
    try {
      return new ImageFile(
          target,
          partial,
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE));
    } catch (FileAlreadyExistsException e) {
      throw new DeviceException.Invalid(
          partial + " is there already: another salvage runs, or one broke off; remove it then", e);
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot write " + partial + ": " + e, e);
    }
  }

  /** Refuses to overwrite. */
  public static void requireAbsent(Path target) {
    if (Files.exists(target)) {
      throw new DeviceException.Invalid(
          target + " is there already, and is not overwritten: choose another name");
    }
  }

  /**
   * Makes it a copy of {@code base}, with holes where that is zeroes; nothing may be written beyond
   * its end afterwards.
   *
   * @param base a file or a block device
   * @param copied hears how many bytes have been copied
   */
  public void copyFrom(Path base, LongConsumer copied) {
    try (FileChannel from = FileChannel.open(base, StandardOpenOption.READ)) {
      long size = from.size();
      for (long at = 0; at < size; ) {
        int length = read(from, at, (int) Math.min(CHUNK_BYTES, size - at));
        if (!isZero(length)) {
          write(chunk.clear().limit(length), at);
        }
        at += length;
        copied.accept(at);
      }
      setSize(size);
      limitBytes = size;
    } catch (IOException e) {
      throw new DeviceException.Unavailable("copying " + base + " to " + partial + ": " + e, e);
    }
  }

  /** Makes it as long as the disk; what was not written reads as zeroes. */
  public void setSize(long sizeBytes) throws IOException {
    if (channel.size() < sizeBytes) {
      write(chunk.clear().put(0, (byte) 0).limit(1), sizeBytes - 1);
    }
  }

  @Override
  public void change(SalvagedChange change, LogVisitor.Payload payload) throws IOException {
    long end = change.offsetBytes() + change.lengthBytes();
    if (end > limitBytes) {
      throw new DeviceException.Invalid(
          "LSN "
              + change.lsn()
              + " changes the disk up to byte "
              + end
              + ", but the base image ends at "
              + limitBytes
              + ": it is of another volume, or cut short");
    }
    if (change.zeroes()) {
      zero(change.offsetBytes(), Math.min(end, channel.size()));
    } else {
      payload.read(payloadBuffer);
      write(payloadBuffer.asSlice(0, change.lengthBytes()).asByteBuffer(), change.offsetBytes());
    }
  }

  /** Holes stay holes: only what is not zero is written. */
  private void zero(long from, long end) throws IOException {
    for (long at = from; at < end; ) {
      int length = read(channel, at, (int) Math.min(CHUNK_BYTES, end - at));
      if (!isZero(length)) {
        for (int i = 0; i < length; i++) {
          chunk.put(i, (byte) 0);
        }
        write(chunk.clear().limit(length), at);
      }
      at += length;
    }
  }

  private int read(FileChannel from, long at, int length) throws IOException {
    chunk.clear().limit(length);
    while (chunk.hasRemaining()) {
      if (from.read(chunk, at + chunk.position()) < 0) {
        throw new IOException("it ends at byte " + (at + chunk.position()));
      }
    }
    return length;
  }

  private boolean isZero(int length) {
    int i = 0;
    for (; i + Long.BYTES <= length; i += Long.BYTES) {
      if (chunk.getLong(i) != 0) {
        return false;
      }
    }
    for (; i < length; i++) {
      if (chunk.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  private void write(ByteBuffer bytes, long at) throws IOException {
    int start = bytes.position();
    while (bytes.hasRemaining()) {
      channel.write(bytes, at + bytes.position() - start);
    }
  }

  /** Makes it durable, and gives it its name. */
  public void finish() {
    try {
      channel.force(true);
      requireAbsent(target);
      Files.move(partial, target);
      Path parent = target.toAbsolutePath().getParent();
      if (parent != null) {
        try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
          directory.force(true);
        }
      }
      finished = true;
    } catch (IOException e) {
      throw new DeviceException.Unavailable("finishing " + target + ": " + e, e);
    }
  }

  /** Removes what is not finished. */
  @Override
  public void close() {
    try {
      channel.close();
      if (!finished) {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw new DeviceException.Unavailable("closing " + partial + ": " + e, e);
    }
  }
}
