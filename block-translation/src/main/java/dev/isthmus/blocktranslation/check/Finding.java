package dev.isthmus.blocktranslation.check;

import java.util.List;

/**
 * What one check found. Immutable.
 *
 * @param check its name, which stays
 * @param seen what was seen, for people
 * @param remedies what mends it, line by line: words, commands, policies; empty where nothing has
 *     to be
 */
public record Finding(String check, Verdict verdict, String seen, List<String> remedies) {

  public Finding {
    remedies = List.copyOf(remedies);
  }

  static Finding ok(String check, String seen) {
    return new Finding(check, Verdict.OK, seen, List.of());
  }

  static Finding warn(String check, String seen, String... remedies) {
    return new Finding(check, Verdict.WARN, seen, List.of(remedies));
  }

  static Finding fail(String check, String seen, String... remedies) {
    return new Finding(check, Verdict.FAIL, seen, List.of(remedies));
  }

  static Finding skip(String check, String why) {
    return new Finding(check, Verdict.SKIP, why, List.of());
  }
}
