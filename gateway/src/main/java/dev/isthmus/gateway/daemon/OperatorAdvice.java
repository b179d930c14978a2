package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.OperatorNeededException;

/** Tells people what to type where an open needs their word. Stateless. */
final class OperatorAdvice {

  private OperatorAdvice() {}

  /**
   * {@code failure}, with the command that agrees to what it says.
   *
   * @param target what {@code volume open} is given: a name, or a URI with its options
   */
  static DeviceException with(DeviceException failure, String target) {
    if (!(failure.getCause() instanceof OperatorNeededException needed)) {
      return failure;
    }
    String message =
        failure.getMessage()
            + ". Type: isthmus volume open "
            + target
            + (needed.takeover().isEmpty() ? "" : " --takeover=" + needed.takeover());
    return switch (failure) {
      case DeviceException.Unavailable e -> new DeviceException.Unavailable(message, needed);
      case DeviceException.Fenced e -> new DeviceException.Fenced(message, needed);
      case DeviceException.Corrupt e -> new DeviceException.Corrupt(message, needed);
      default -> failure;
    };
  }

  /** A word of a command line, quoted for a shell if need be. */
  static String quoted(String word) {
    return word.matches("[A-Za-z0-9_./:+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
