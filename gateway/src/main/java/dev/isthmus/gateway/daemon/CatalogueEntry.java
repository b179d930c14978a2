package dev.isthmus.gateway.daemon;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A volume that the daemon opens at each start. Immutable.
 *
 * @param name unique within the daemon
 * @param uri how it is opened again
 * @param publication how it is exported; null if it is not
 */
public record CatalogueEntry(String name, String uri, @Nullable Publication publication) {

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

  CatalogueEntry with(@Nullable Publication value) {
    return new CatalogueEntry(name, uri, value);
  }

  CatalogueEntry withUri(String newUri) {
    return new CatalogueEntry(name, newUri, publication);
  }
}
