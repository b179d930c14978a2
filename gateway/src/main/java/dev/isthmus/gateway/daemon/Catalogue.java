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
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.TreeMap;

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

  private record Content(int version, List<CatalogueEntry> volumes) {}

  private final Path file;
  private final boolean isNew;
  private final TreeMap<String, CatalogueEntry> entries = new TreeMap<>();

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
    } catch (JsonProcessingException e) {
      throw corrupt(e.getOriginalMessage() + " at line " + e.getLocation().getLineNr());
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot read " + file + ": " + e, e);
    } catch (NullPointerException | DeviceException.Invalid e) {
      throw corrupt(String.valueOf(e.getMessage()));
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

  /** Adds or replaces an entry, durably. */
  public synchronized void put(CatalogueEntry entry) {
    CatalogueEntry before = entries.put(entry.name(), entry);
    try {
      if (entries.size() > MAX_VOLUMES) {
        throw new DeviceException.Exhausted("a daemon has at most " + MAX_VOLUMES + " volumes");
      }
      write();
    } catch (DeviceException e) {
      if (before == null) {
        entries.remove(entry.name());
      } else {
        entries.put(before.name(), before);
      }
      throw e;
    }
  }

  /** Takes an entry out, durably. */
  public synchronized void remove(String name) {
    CatalogueEntry before = entries.remove(name);
    try {
      write();
    } catch (DeviceException e) {
      if (before != null) {
        entries.put(name, before);
      }
      throw e;
    }
  }

  private void write() {
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    try {
      byte[] bytes = JSON.writeValueAsBytes(new Content(VERSION, List.copyOf(entries.values())));
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
