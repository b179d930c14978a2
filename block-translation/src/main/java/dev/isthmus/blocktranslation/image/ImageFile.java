package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * An image in a regular file, zeroes being holes, or on a block device. Threading: confined to the
 * caller; blocks.
 */
public final class ImageFile implements ImageTarget {

  private static final int ZEROES_BYTES = 1 << 20;

  private final Path path;
  private final boolean device;
  private final RandomAccessFile file;
  private final FileChannel channel;
  private final MemorySegment zeroes = MemorySegment.ofArray(new byte[ZEROES_BYTES]);

  private ImageFile(Path path, boolean device, RandomAccessFile file) {
    this.path = path;
    this.device = device;
    this.file = file;
    this.channel = file.getChannel();
  }

  /**
   * Opens {@code path} for an image of {@code sizeBytes}.
   *
   * @param kept what is there already and stays; the rest of a regular file is taken away
   * @param overwrite whether anything else that is there may go; a block device always needs that
   * @throws DeviceException.Invalid if something is there that must not go, it is too small, or
   *     {@code kept} is not what is there
   */
  public static ImageFile open(Path path, long sizeBytes, ImageMark kept, boolean overwrite) {
    boolean device = BlockFiles.isBlockDevice(path);
    try {
      if (device) {
        BlockFiles.refuseIfInUse(path);
      } else if (Files.exists(path) && !Files.isRegularFile(path)) {
        throw new DeviceException.Invalid(path + " is neither a file nor a block device");
      }
      String identity = BlockFiles.identity(path);
      boolean ours = !kept.target().isEmpty() && kept.target().equals(identity);
      if (kept.doneBytes() > 0 && !ours) {
        throw stranger(path, identity, kept);
      }
      if (!overwrite && (device || !ours)) {
        refuseToOverwrite(path, device);
      }
      if (identity.isEmpty()) {
        PrivateFiles.create(path);
      }
      var file = new RandomAccessFile(path.toFile(), "rw");
      try {
        requireUnchanged(path, file.getChannel(), kept);
        fit(path, device, file, sizeBytes, kept.doneBytes());
        return new ImageFile(path, device, file);
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private static DeviceException.Invalid stranger(Path path, String identity, ImageMark kept) {
    return new DeviceException.Invalid(
        "%s is %s: the export that was broken off wrote %d bytes to another target, the %s. %s"
            .formatted(
                path,
                identity.isEmpty() ? "gone" : "the " + identity,
                kept.doneBytes(),
                kept.target().isEmpty() ? "one that is not known" : kept.target(),
                "Name that one, or say --restart to begin anew"
                    + (identity.isEmpty() ? "" : ", and --force if all that is here may go")));
  }

  private static void refuseToOverwrite(Path path, boolean device) throws IOException {
    if (device) {
      throw new DeviceException.Invalid(
          path + " is a block device: all on it would be lost. Say --force if that is right");
    }
    if (Files.exists(path) && Files.size(path) > 0) {
      throw new DeviceException.Invalid(
          path + " is there already: choose another name, or say --force to overwrite it");
    }
  }

  /** Of the right file, too, somebody may have changed what is to be kept: mounted it, say. */
  private static void requireUnchanged(Path path, FileChannel channel, ImageMark kept)
      throws IOException {
    if (channel.size() < kept.doneBytes()) {
      throw new DeviceException.Invalid(
          "%s has become shorter than the %d bytes that were written to it. Say --restart to begin anew"
              .formatted(path, kept.doneBytes()));
    }
    if (kept.doneBytes() > 0 && tailCrc(channel, kept.doneBytes()) != kept.tailCrc()) {
      throw new DeviceException.Invalid(
          ("%s was changed since the export was broken off: before byte %d is not what was written"
                  + " there. Say --restart to begin anew")
              .formatted(path, kept.doneBytes()));
    }
  }

  private static int tailCrc(FileChannel channel, long endBytes) throws IOException {
    ByteBuffer tail = ByteBuffer.allocate((int) Math.min(ImageMark.TAIL_BYTES, endBytes));
    ImageBytes.read(channel, endBytes - tail.capacity(), tail);
    var crc = new CRC32C();
    crc.update(tail.flip());
    return (int) crc.getValue();
  }

  private static void fit(
      Path path, boolean device, RandomAccessFile file, long sizeBytes, long keepBytes)
      throws IOException {
    if (!device) {
      // What a try that was broken off wrote behind the kept bytes would show through the holes.
      file.setLength(keepBytes);
      file.setLength(sizeBytes);
    } else if (file.getChannel().size() < sizeBytes) {
      throw new DeviceException.Invalid(
          "%s has %d bytes, the image needs %d"
              .formatted(path, file.getChannel().size(), sizeBytes));
    }
  }

  @Override
  public ImageMark mark(long doneBytes) {
    try {
      return new ImageMark(BlockFiles.identity(path), doneBytes, tailCrc(channel, doneBytes));
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  @Override
  public String description() {
    return path.toString();
  }

  @Override
  public void write(long offsetBytes, MemorySegment data) {
    try {
      if (device) {
        ImageBytes.write(channel, offsetBytes, data.asByteBuffer());
      } else {
        ImageBytes.writeSparse(channel, offsetBytes, data);
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  @Override
  public void writeZeroes(long offsetBytes, long lengthBytes) {
    if (!device) {
      return; // a hole
    }
    try {
      for (long at = 0; at < lengthBytes; at += ZEROES_BYTES) {
        long length = Math.min(ZEROES_BYTES, lengthBytes - at);
        ImageBytes.write(channel, offsetBytes + at, zeroes.asSlice(0, length).asByteBuffer());
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  @Override
  public void force() {
    try {
      if (device) {
        channel.force(true);
      } else {
        ImageBytes.force(channel, path);
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private static DeviceException failure(Path path, IOException e) {
    String why = String.valueOf(e.getMessage());
    return why.contains("No space left") || why.contains("File too large")
        ? new DeviceException.Exhausted(path + ": " + why, e)
        : new DeviceException.Unavailable(path + " can't be written: " + e, e);
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw failure(path, e);
    }
  }
}
