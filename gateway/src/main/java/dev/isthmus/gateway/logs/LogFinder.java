package dev.isthmus.gateway.logs;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.LocalTerm;
import dev.isthmus.gateway.daemon.Catalogue;
import dev.isthmus.gateway.daemon.CatalogueEntry;
import dev.isthmus.wal.LogDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds logs on this host: below a data directory, where the catalogue says that volumes keep or
 * kept them elsewhere, or in any directory that is named. Threading: immutable; blocks.
 */
public final class LogFinder {

  private static final String VOLUMES = "volumes";
  private static final int MAX_NOTE_BYTES = 16 << 10;

  /** Shorter beginnings of ids are not looked for: they are typing errors more often. */
  private static final int MIN_ID_CHARACTERS = 4;

  private final Path dataDirectory;
  private final Consumer<String> warnings;
  private final List<CatalogueEntry> catalogue;
  private final List<String> formerDirectories;

  /**
   * @param dataDirectory of a gateway, running or not; one that is not there has no logs
   * @param warnings hears what is passed over: a catalogue or a disk that fails does not keep the
   *     logs elsewhere from being found
   */
  public LogFinder(Path dataDirectory, Consumer<String> warnings) {
    this.dataDirectory = dataDirectory;
    this.warnings = warnings;
    List<CatalogueEntry> entries = List.of();
    List<String> former = List.of();
    try {
      var read = new Catalogue(dataDirectory.resolve("catalogue.json"));
      entries = read.entries();
      former = read.formerLogDirectories();
    } catch (DeviceException.Corrupt | DeviceException.Unavailable e) {
      warnings.accept(
          e.getMessage()
              + ". Without it logs are found in "
              + volumesDirectory()
              + " and where you say, not where a volume kept its log elsewhere");
    }
    this.catalogue = entries;
    this.formerDirectories = former;
  }

  /** All logs of the gateway, those set aside included. */
  public List<LocatedLog> all() {
    var logs = new ArrayList<LocatedLog>();
    for (Path root : roots()) {
      try {
        for (Path volume : children(root, path -> true)) {
          logs.addAll(ofVolume(volume));
        }
      } catch (DeviceException.Unavailable e) {
        warnings.accept(String.valueOf(e.getMessage()));
      }
    }
    return logs;
  }

  private Set<Path> roots() {
    var roots = new LinkedHashSet<Path>();
    roots.add(dataDirectory.resolve(VOLUMES));
    for (CatalogueEntry entry : catalogue) {
      String own = entry.logDirectory();
      if (own != null) {
        roots.add(Path.of(own));
      }
    }
    formerDirectories.forEach(directory -> roots.add(Path.of(directory)));
    return roots;
  }

  /** The logs in one volume's directory. */
  private List<LocatedLog> ofVolume(Path directory) {
    var logs = new ArrayList<LocatedLog>();
    for (Path log : children(directory, LogFinder::isNamedLikeALog)) {
      logs.add(locate(log));
    }
    return logs;
  }

  private static boolean isNamedLikeALog(Path path) {
    return String.valueOf(path.getFileName()).startsWith(LocatedLog.PREFIX);
  }

  private LocatedLog locate(Path log) {
    Path volume = log.toAbsolutePath().normalize().getParent();
    String uuid = volume == null ? null : uuid(String.valueOf(volume.getFileName()));
    LocalTerm term = volume == null ? null : lastTerm(volume);
    return LocatedLog.of(log, uuid, name(uuid, term), term);
  }

  private @Nullable String name(@Nullable String uuid, @Nullable LocalTerm term) {
    for (CatalogueEntry entry : catalogue) {
      if (entry.uuid() != null && entry.uuid().toString().equals(uuid)) {
        return entry.name();
      }
    }
    return term == null ? null : term.name();
  }

  private static @Nullable String uuid(String text) {
    try {
      return UUID.fromString(text).toString().equals(text) ? text : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable LocalTerm lastTerm(Path volume) {
    try (var in = Files.newInputStream(volume.resolve(LocalTerm.FILE_NAME))) {
      return LocalTerm.decode(new String(in.readNBytes(MAX_NOTE_BYTES), StandardCharsets.UTF_8))
          .orElse(null);
    } catch (IOException e) {
      return null; // for people only: without it a log is found all the same
    }
  }

  /**
   * The logs of a volume, by name or UUID; or those in a directory: a log's, a volume's, one of
   * volumes, or a data directory.
   *
   * @throws DeviceException.Invalid if there is no such volume or directory
   */
  public List<LocatedLog> of(String volumeOrDirectory) {
    List<LocatedLog> ofVolume =
        all().stream()
            .filter(log ->
                volumeOrDirectory.equals(log.volumeName())
                    || volumeOrDirectory.equals(log.volumeUuid()))
            .toList();
    if (!ofVolume.isEmpty()) {
      return ofVolume;
    }
    Path directory = Path.of(volumeOrDirectory);
    if (!Files.isDirectory(directory)) {
      throw new DeviceException.Invalid(
          "neither a volume with a log below "
              + dataDirectory
              + " nor a directory: \""
              + volumeOrDirectory
              + "\". `isthmus log list` shows all logs; --data-dir names another data directory");
    }
    if (LogDirectory.exists(directory)) {
      return List.of(locate(directory));
    }
    List<LocatedLog> here = ofVolume(directory);
    if (!here.isEmpty()) {
      return here;
    }
    Path volumes = directory.resolve(VOLUMES);
    var logs = new ArrayList<LocatedLog>();
    for (Path volume : children(Files.isDirectory(volumes) ? volumes : directory, path -> true)) {
      logs.addAll(ofVolume(volume));
    }
    return logs;
  }

  /**
   * One log: by its id, by the beginning of it, with {@code .aside-N} if it was set aside, or by
   * its directory.
   *
   * @throws DeviceException.Invalid if there is none, or more than one
   */
  public LocatedLog one(String idOrDirectory) {
    List<LocatedLog> all = all();
    List<LocatedLog> exact = all.stream().filter(l -> l.label().equals(idOrDirectory)).toList();
    List<LocatedLog> found =
        exact.isEmpty() && idOrDirectory.length() >= MIN_ID_CHARACTERS
            ? all.stream().filter(l -> l.label().startsWith(idOrDirectory)).toList()
            : exact;
    if (found.size() == 1) {
      return found.getFirst();
    }
    if (!found.isEmpty()) {
      throw new DeviceException.Invalid(
          "more than one log begins with \""
              + idOrDirectory
              + "\": "
              + String.join(", ", found.stream().map(LocatedLog::label).toList()));
    }
    Path directory = Path.of(idOrDirectory);
    if (Files.isDirectory(directory) && LogDirectory.exists(directory)) {
      return locate(directory);
    }
    throw new DeviceException.Invalid(
        "no log \""
            + idOrDirectory
            + "\" below "
            + dataDirectory
            + ", and no directory of one. `isthmus log list` shows all logs; --data-dir names"
            + " another data directory");
  }

  /** The URI of a volume of the catalogue, or {@code nameOrUri} itself. */
  public StorageUri volumeUri(String nameOrUri) {
    for (CatalogueEntry entry : catalogue) {
      if (entry.name().equals(nameOrUri)) {
        return StorageUri.parse(entry.uri());
      }
    }
    if (!nameOrUri.contains("://")) {
      throw new DeviceException.Invalid(
          "no volume \""
              + nameOrUri
              + "\" in the catalogue of "
              + dataDirectory
              + "; give its URI");
    }
    return StorageUri.parse(nameOrUri);
  }

  /** Where new logs of this gateway lie unless a volume says another place. */
  public Path volumesDirectory() {
    return dataDirectory.resolve(VOLUMES);
  }

  private static List<Path> children(Path directory, Predicate<Path> filter) {
    var found = new ArrayList<Path>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
      for (Path child : children) {
        if (Files.isDirectory(child) && filter.test(child)) {
          found.add(child);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot read " + directory + ": " + e, e);
    }
    found.sort(null);
    return found;
  }
}
