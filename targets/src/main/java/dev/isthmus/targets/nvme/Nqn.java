package dev.isthmus.targets.nvme;

import java.util.regex.Pattern;

/** NVMe qualified names (NVMe Base 2.0, 4.5). */
public final class Nqn {

  /** The name under which every target answers discovery. */
  public static final String DISCOVERY = "nqn.2014-08.org.nvmexpress.discovery";

  /** Longest name, in bytes: 256 of the field less what Base 2.0, 4.5 reserves. */
  public static final int MAX_BYTES = 223;

  // Printable ASCII without blanks: what the specification's two formats and real hosts use.
  private static final Pattern SHAPE = Pattern.compile("nqn\\.[0-9]{4}-[0-9]{2}\\.[!-~]+");

  private Nqn() {}

  /** Whether {@code name} has the shape of an NQN. */
  public static boolean isValid(String name) {
    return name.length() <= MAX_BYTES && SHAPE.matcher(name).matches();
  }

  /**
   * Gives {@code name} back.
   *
   * @throws IllegalArgumentException if it is not an NQN
   */
  public static String require(String name) {
    if (!isValid(name)) {
      throw new IllegalArgumentException(
          "an NQN is nqn.yyyy-mm.reverse.domain[:anything], at most 223 bytes, not \""
              + name
              + "\"");
    }
    return name;
  }
}
