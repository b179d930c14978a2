package dev.isthmus.gateway.daemon;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which volumes there are and how they are exported, in one file that is replaced as a whole: a
 * crash leaves the old or the new one.
 *
 * <p>Threading: guarded by this.
 */
public final class Catalogue {

  private static final int VERSION = 1;

  /** Most volumes of one daemon: each holds a log, a map and a cache. */
  static final int MAX_VOLUMES = 1024;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  /** Most directories whose logs are remembered after they were left; the oldest give way. */
  static final int MAX_FORMER_LOG_DIRECTORIES = 64;

  /**
   * The file.
   *
   * @param formerLogDirectories where logs lay, oldest first; null in files from before it was kept
   */
  private record Content(
      int version, List<CatalogueEntry> volumes, @Nullable List<String> formerLogDirectories) {}

  private final Path file;
  private final boolean isNew;
  private final TreeMap<String, CatalogueEntry> entries = new TreeMap<>();
  private List<String> formerLogDirectories = List.of();

  /**
   * Reads {@code file}; a missing one is an empty catalogue.
   *
   * @throws DeviceException.Corrupt if it can't be understood
   */
  public Catalogue(Path file) {
    this.file = file;
    this.isNew = !Files.exists(file);
    if (!isNew) {
      load();
    }
  }

  private void load() {
    try {
      Content content = JSON.readValue(file.toFile(), Content.class);
      if (content.version() != VERSION) {
        throw corrupt("it is of version " + content.version() + ", this isthmus knows " + VERSION);
      }
      for (CatalogueEntry entry : content.volumes()) {
        VolumeNames.require(entry.name());
        if (entries.put(entry.name(), entry) != null) {
          throw corrupt("the volume " + entry.name() + " stands in it twice");
        }
      }
      if (content.formerLogDirectories() != null) {
        formerLogDirectories = checked(content.formerLogDirectories());
      }
    } catch (JsonProcessingException e) {
      throw corrupt(e.getOriginalMessage() + " at line " + e.getLocation().getLineNr());
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot read " + file + ": " + e, e);
    } catch (NullPointerException | DeviceException.Invalid e) {
      throw corrupt(String.valueOf(e.getMessage()));
    }
  }

  private List<String> checked(List<String> directories) {
    if (directories.size() > MAX_FORMER_LOG_DIRECTORIES) {
      throw corrupt("it names " + directories.size() + " former log directories");
    }
    for (String directory : directories) {
      if (!isPlainPath(directory)) {
        throw corrupt("\"" + directory + "\" is no absolute path of a log directory");
      }
    }
    return List.copyOf(directories);
  }

  private static boolean isPlainPath(String text) {
    try {
      Path path = Path.of(text);
      return path.isAbsolute() && path.equals(path.normalize());
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private DeviceException.Corrupt corrupt(String what) {
    return new DeviceException.Corrupt(
        "the catalogue of volumes "
            + file
            + " is damaged: "
            + what
            + ". The volumes' data is not in it: mend it, or move it away and open each volume"
            + " again by its URI");
  }

  /** Whether there was no file: nothing was ever served from this directory. */
  public boolean isNew() {
    return isNew;
  }

  /** All, by name. */
  public synchronized List<CatalogueEntry> entries() {
    return List.copyOf(entries.values());
  }

  /** Where logs of volumes lay that moved or were closed since, oldest first: some still may. */
  public synchronized List<String> formerLogDirectories() {
    return formerLogDirectories;
  }

  /** Adds or replaces an entry, durably. */
  public synchronized void put(CatalogueEntry entry) {
    change(entry.name(), entry);
  }

  /** Takes an entry out, durably. */
  public synchronized void remove(String name) {
    change(name, null);
  }

  private void change(String name, @Nullable CatalogueEntry entry) {
    List<String> formerBefore = formerLogDirectories;
    CatalogueEntry before = replace(name, entry);
    try {
      if (entries.size() > MAX_VOLUMES) {
        throw new DeviceException.Exhausted("a daemon has at most " + MAX_VOLUMES + " volumes");
      }
      if (before != null) {
        rememberPlace(before.logDirectory(), entry == null ? null : entry.logDirectory());
      }
      write();
    } catch (DeviceException e) {
      replace(name, before);
      formerLogDirectories = formerBefore;
      throw e;
    }
  }

  private @Nullable CatalogueEntry replace(String name, @Nullable CatalogueEntry entry) {
    return entry == null ? entries.remove(name) : entries.put(name, entry);
  }

  /** A log that was left is nowhere else to be found, and may be wanted. */
  private void rememberPlace(@Nullable String left, @Nullable String taken) {
    if (left == null || left.equals(taken) || !isPlainPath(left)) {
      return;
    }
    var former = new ArrayList<>(formerLogDirectories);
    former.remove(left);
    former.add(left);
    int surplus = former.size() - MAX_FORMER_LOG_DIRECTORIES;
    formerLogDirectories = List.copyOf(former.subList(Math.max(0, surplus), former.size()));
  }

  private void write() {
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    try {
      byte[] bytes =
          JSON.writeValueAsBytes(
              new Content(VERSION, List.copyOf(entries.values()), formerLogDirectories));
      try (var channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        var buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        channel.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      // The rename is durable only with its directory.
      try (var directory =
          FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot write " + file + ": " + e, e);
    }
  }
}
