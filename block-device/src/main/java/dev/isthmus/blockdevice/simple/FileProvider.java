package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.StorageUri;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Provides {@code file:///path?blk_size=…}, and the same as {@code aio:///path}: disk images and
 * block devices.
 *
 * <ul>
 *   <li>{@code blk_size}: 512 or 4096, by default 4096. A file does not remember it; the size of
 *       the file must be a multiple of it.
 *   <li>{@code size} at create only, which makes a new sparse file and never overwrites one.
 * </ul>
 *
 * One open at a time, of all processes that lock as this one does; see {@link FileClaim}. The
 * identity is derived from the machine's id and the path: see {@link FileIdentity}.
 *
 * <p>Threading: thread-safe.
 */
public final class FileProvider implements DeviceProvider {

  private static final int DEFAULT_BLOCK_BYTES = 4096;
  private static final Set<String> KEYS = Set.of("size", "blk_size");

  @Override
  public Set<String> schemes() {
    return Set.of("file", "aio");
  }

  @Override
  public BlockDevice open(StorageUri uri) {
    uri.requireKeys(KEYS);
    uri.refuseSizeAtOpen();
    return openFile(path(uri), uri.blockSizeBytes(DEFAULT_BLOCK_BYTES));
  }

  @Override
  public BlockDevice create(StorageUri uri) {
    uri.requireKeys(KEYS);
    Path path = path(uri);
    int blockBytes = uri.blockSizeBytes(DEFAULT_BLOCK_BYTES);
    makeFile(path, uri.sizeBytesAtCreate(blockBytes));
    return openFile(path, blockBytes);
  }

  private static Path path(StorageUri uri) {
    String path = uri.path();
    if (!uri.authority().isEmpty() || !path.startsWith("/") || path.endsWith("/")) {
      throw new DeviceException.Invalid(
          uri.scheme() + ":///PATH has three slashes and the absolute path of a file");
    }
    try {
      return Path.of(path).normalize();
    } catch (InvalidPathException e) {
      throw new DeviceException.Invalid(uri.scheme() + ":// holds no valid path", e);
    }
  }

  private static void makeFile(Path path, long sizeBytes) {
    try {
      Files.createFile(path);
    } catch (FileAlreadyExistsException e) {
      throw new DeviceException.Invalid(path + " exists; open it without a size", e);
    } catch (IOException e) {
      throw failure("create", path, e);
    }
    try (var file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(sizeBytes);
      file.getChannel().force(true);
      syncDirectory(path);
    } catch (IOException e) {
      try {
        Files.delete(path);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw new DeviceException.Exhausted(
          "can't make " + path + " " + sizeBytes + " bytes long: " + e.getMessage(), e);
    }
  }

  /** Without this a power cut may lose a file whose content was synced. */
  private static void syncDirectory(Path path) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    if (directory != null) {
      try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  @SuppressWarnings("try") // The claim passes to the device when all went well.
  private static BlockDevice openFile(Path path, int blockBytes) {
    try {
      if (Files.isDirectory(path)) {
        throw new DeviceException.Invalid(path + " is a directory");
      }
      FileClaim claim = FileClaim.of(path);
      FileChannel channel = null;
      try {
        channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        claim.lock(channel);
        return new FileDevice(
            info(path, channel.size(), blockBytes), new ChannelMedium(channel, claim));
      } catch (IOException | RuntimeException e) {
        if (channel != null) {
          channel.close();
        }
        claim.close();
        throw e;
      }
    } catch (IOException e) {
      throw failure("open", path, e);
    }
  }

  private static DeviceInfo info(Path path, long sizeBytes, int blockBytes) {
    if (sizeBytes == 0 || sizeBytes % blockBytes != 0) {
      throw new DeviceException.Invalid(
          path
              + " has "
              + sizeBytes
              + " bytes, no positive multiple of blk_size="
              + blockBytes
              + (sizeBytes > 0 && sizeBytes % 512 == 0 ? "; try blk_size=512" : ""));
    }
    String name = path.toString();
    return new DeviceInfo(
        new DeviceIdentity(FileIdentity.of(path), 1),
        name.substring(Math.max(0, name.length() - 255)),
        sizeBytes,
        blockBytes,
        FileDevice.MAX_TRANSFER_BYTES,
        4096,
        false,
        true,
        false,
        false);
  }

  private static DeviceException failure(String verb, Path path, IOException e) {
    return switch (e) {
      case NoSuchFileException missing ->
          new DeviceException.Unavailable(
              "can't " + verb + " " + path + ": there is no " + missing.getFile(), e);
      case AccessDeniedException denied ->
          new DeviceException.Invalid("can't " + verb + " " + path + ": not permitted", e);
      default -> new DeviceException.Unavailable("can't " + verb + " " + path + ": " + e, e);
    };
  }
}
