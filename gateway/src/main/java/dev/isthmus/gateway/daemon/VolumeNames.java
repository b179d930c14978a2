package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import java.util.regex.Pattern;

/** Names of volumes: what people type, and what stands in NQNs, URIs and labels of metrics. */
public final class VolumeNames {

  private static final Pattern SHAPE = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  /** Before the name in the NQN that a volume gets unless told otherwise. */
  public static final String NQN_PREFIX = "nqn.2026-01.dev.isthmus:";

  private VolumeNames() {}

  /**
   * Gives {@code name} back.
   *
   * @throws DeviceException.Invalid if it is no name
   */
  public static String require(String name) {
    if (!SHAPE.matcher(name).matches()) {
      throw new DeviceException.Invalid(
          "a volume name has 1 to 63 characters a-z 0-9 . _ - and starts with a letter or digit,"
              + " not \""
              + (name.length() > 80 ? name.substring(0, 80) + "…" : name)
              + "\"");
    }
    return name;
  }

  /** Whether the text is meant as a URI rather than a name. */
  public static boolean isUri(String nameOrUri) {
    return nameOrUri.contains(":/");
  }

  /** The last part of a URI's path, as a name. */
  static String of(StorageUri uri) {
    String last = uri.path().substring(uri.path().lastIndexOf('/') + 1);
    if (!SHAPE.matcher(last).matches()) {
      throw new DeviceException.Invalid(
          "\"" + last + "\", the last part of the URI, is no volume name: give one with --name");
    }
    return last;
  }

  /** The NQN of a volume that was given none. */
  static String defaultNqn(String name) {
    return NQN_PREFIX + name;
  }
}
