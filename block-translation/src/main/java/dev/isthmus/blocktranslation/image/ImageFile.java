package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

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
   * @param keepBytes what is there already and stays; the rest of a regular file is taken away
   * @param overwrite whether anything else that is there may go
   * @throws DeviceException.Invalid if something is there that must not go, or it is too small
   */
  public static ImageFile open(Path path, long sizeBytes, long keepBytes, boolean overwrite) {
    boolean device = BlockFiles.isBlockDevice(path);
    try {
      if (device) {
        BlockFiles.refuseIfInUse(path);
      }
      if (keepBytes == 0 && !overwrite) {
        refuseToOverwrite(path, device);
      }
      if (!device && Files.exists(path) && !Files.isRegularFile(path)) {
        throw new DeviceException.Invalid(path + " is neither a file nor a block device");
      }
      // "rw" would make a file of that name where a device is gone.
      var file = new RandomAccessFile(path.toFile(), "rw");
      try {
        fit(path, device, file, sizeBytes, keepBytes);
        return new ImageFile(path, device, file);
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
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

  private static void fit(
      Path path, boolean device, RandomAccessFile file, long sizeBytes, long keepBytes)
      throws IOException {
    long presentBytes = file.getChannel().size();
    if (presentBytes < keepBytes) {
      throw new DeviceException.Invalid(
          path
              + " has become shorter than what was written to it: it is another file. Say"
              + " --restart to begin anew");
    }
    if (!device) {
      // What a try that was broken off wrote behind the kept bytes would show through the holes.
      file.setLength(keepBytes);
      file.setLength(sizeBytes);
    } else if (presentBytes < sizeBytes) {
      throw new DeviceException.Invalid(
          "%s has %d bytes, the image needs %d".formatted(path, presentBytes, sizeBytes));
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
        writeFully(offsetBytes, data.asByteBuffer());
        return;
      }
      Zeroes.forEachOther(
          data,
          Integer.MAX_VALUE & -Zeroes.BLOCK_BYTES,
          (at, length) -> {
            try {
              writeFully(offsetBytes + at, data.asSlice(at, length).asByteBuffer());
            } catch (IOException e) {
              throw failure(path, e);
            }
          });
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  private void writeFully(long offsetBytes, ByteBuffer bytes) throws IOException {
    long at = offsetBytes;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
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
        writeFully(offsetBytes + at, zeroes.asSlice(0, length).asByteBuffer());
      }
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  @Override
  public void force() {
    try {
      channel.force(true);
      Path directory = path.toAbsolutePath().getParent();
      if (!device && directory != null) {
        // Without this a power cut may take the name of a file whose content was forced.
        try (var names = FileChannel.open(directory, StandardOpenOption.READ)) {
          names.force(true);
        }
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
