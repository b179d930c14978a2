package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.ShellWord;
import dev.isthmus.blocktranslation.OperatorNeededException;

/** Tells people what to type where an open needs their word. Stateless. */
final class OperatorAdvice {

  private OperatorAdvice() {}

  /**
   * {@code failure}, with the command that agrees to what it says.
   *
   * @param target see {@link #target}
   */
  private static DeviceException with(DeviceException failure, String target) {
    if (!(failure.getCause() instanceof OperatorNeededException needed)) {
      return failure;
    }
    String message =
        failure.getMessage()
            + ". Type: isthmus volume open "
            + target
            + (needed.takeover().isEmpty() ? "" : " --takeover=" + needed.takeover());
    return saying(message, failure, needed);
  }

  /**
   * What an open that failed is told by: with the command that agrees to it, if one does; what is
   * no {@link DeviceException} is a defect, and told as one.
   *
   * @param target see {@link #target}
   */
  static DeviceException told(Throwable failure, String target) {
    return failure instanceof DeviceException known
        ? with(known, target)
        : new DeviceException.Internal("a defect: " + failure, failure);
  }

  /** {@code failure}, an open's that needs somebody's word, with something said before it. */
  static DeviceException after(String words, DeviceException failure) {
    return failure.getCause() instanceof OperatorNeededException needed
        ? saying(words + failure.getMessage(), failure, needed)
        : failure;
  }

  private static DeviceException saying(
      String message, DeviceException failure, OperatorNeededException needed) {
    return switch (failure) {
      case DeviceException.Unavailable e -> new DeviceException.Unavailable(message, needed);
      case DeviceException.Fenced e -> new DeviceException.Fenced(message, needed);
      case DeviceException.Corrupt e -> new DeviceException.Corrupt(message, needed);
      default -> failure;
    };
  }

  /**
   * What {@code volume open} is given.
   *
   * @param name what to call it; empty for what its URI says
   * @param logDirectory where its log was looked for; empty if nobody said a place
   */
  static String target(String nameOrUri, String name, String logDirectory) {
    return ShellWord.of(nameOrUri)
        + (name.isEmpty() ? "" : " --name " + ShellWord.of(name))
        + (logDirectory.isEmpty() ? "" : " --log-dir " + ShellWord.of(logDirectory));
  }
}
