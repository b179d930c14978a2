package dev.isthmus.gateway.daemon;

import dev.isthmus.blocktranslation.StoredBytes;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import org.jspecify.annotations.Nullable;

/**
 * What a volume takes in its bucket and asks of it: what a bill is made of. Immutable.
 *
 * @param name its name
 * @param uri how it is opened
 * @param state as {@link VolumeView#stateName}
 * @param open what is known while it is open; null while it is not
 */
public record VolumeUsage(String name, String uri, String state, @Nullable Open open) {

  /**
   * Of an open volume.
   *
   * @param stored as its owner knows it
   * @param opening what opening it asked for, once
   * @param sinceOpen behind that
   * @param lastHour the newest hour or a little more of it; all of it if it is shorter
   */
  public record Open(
      StoredBytes stored,
      StoreStatistics opening,
      RequestWindow sinceOpen,
      RequestWindow lastHour) {}
}
