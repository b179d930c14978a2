package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A volume that the daemon opens at each start. Immutable.
 *
 * @param name unique within the daemon
 * @param uri how it is opened again
 * @param publication how it is exported; null if it is not
 * @param uuid of a volume in a bucket, as it was opened last: another one in its place is not
 *     opened by itself. Null of others, and where it is not known
 */
public record CatalogueEntry(
    String name, String uri, @Nullable Publication publication, @Nullable UUID uuid) {

  private static final String LOG_DIRECTORY_KEY = "log_dir";

  /** A volume that was never opened. */
  CatalogueEntry(String name, String uri, @Nullable Publication publication) {
    this(name, uri, publication, null);
  }

  /**
   * How a volume is exported. Immutable.
   *
   * @param nqn the subsystem's name, unique within the daemon
   * @param hostNqns hosts that may connect; empty for the daemon's own allow-list
   */
  public record Publication(String nqn, List<String> hostNqns) {
    public Publication {
      hostNqns = List.copyOf(hostNqns);
    }
  }

  /** Where its log lies if it has a place of its own; null if not, or if the URI is damaged. */
  public @Nullable String logDirectory() {
    try {
      return StorageUri.parse(uri).get(LOG_DIRECTORY_KEY);
    } catch (DeviceException.Invalid e) {
      return null; // said where it is opened
    }
  }

  CatalogueEntry with(@Nullable Publication value) {
    return new CatalogueEntry(name, uri, value, uuid);
  }

  CatalogueEntry withUuid(@Nullable UUID value) {
    return new CatalogueEntry(name, uri, publication, value);
  }

  CatalogueEntry withUri(String newUri) {
    return new CatalogueEntry(name, newUri, publication, uuid);
  }
}
