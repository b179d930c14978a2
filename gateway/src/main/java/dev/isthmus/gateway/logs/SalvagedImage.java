package dev.isthmus.gateway.logs;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.image.ImageBytes;
import dev.isthmus.blocktranslation.image.PrivateFiles;
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
public final class SalvagedImage implements LogSalvage.Sink, AutoCloseable {

  private static final int CHUNK_BYTES = 1 << 20;
  private static final String PARTIAL = ".partial";

  private final Path target;
  private final Path partial;
  private final FileChannel channel;
  private final MemorySegment chunk = Arena.ofAuto().allocate(CHUNK_BYTES, 8);
  private final MemorySegment payloadBuffer =
      Arena.ofAuto().allocate(WriteAheadLog.MAX_PAYLOAD_BYTES, 8);
  private long limitBytes = Long.MAX_VALUE;
  private boolean finished;

  private SalvagedImage(Path target, Path partial, FileChannel channel) {
    this.target = target;
    this.partial = partial;
    this.channel = channel;
  }

  /**
   * An empty one.
   *
   * @throws DeviceException.Invalid if there is something of that name already
   */
  public static SalvagedImage create(Path target) {
    requireAbsent(target);
    Path partial = target.resolveSibling(target.getFileName() + PARTIAL);
    try {
      PrivateFiles.create(partial);
      return new SalvagedImage(
          target,
          partial,
          FileChannel.open(partial, StandardOpenOption.READ, StandardOpenOption.WRITE));
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
        MemorySegment piece = chunk.asSlice(0, Math.min(CHUNK_BYTES, size - at));
        ImageBytes.read(from, at, piece.asByteBuffer());
        ImageBytes.writeSparse(channel, at, piece);
        at += piece.byteSize();
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
      ImageBytes.write(channel, sizeBytes - 1, ByteBuffer.allocate(1));
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
      // Behind its end there are zeroes already.
      long presentEnd = Math.min(end, channel.size());
      ImageBytes.clear(channel, change.offsetBytes(), presentEnd - change.offsetBytes(), chunk);
    } else {
      payload.read(payloadBuffer);
      ImageBytes.write(
          channel,
          change.offsetBytes(),
          payloadBuffer.asSlice(0, change.lengthBytes()).asByteBuffer());
    }
  }

  /** Makes it durable, and gives it its name. */
  public void finish() {
    try {
      channel.force(true);
      requireAbsent(target);
      Files.move(partial, target);
      ImageBytes.force(channel, target);
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
