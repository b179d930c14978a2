package dev.isthmus.blocktranslation.mutants;

import java.util.ArrayList;
import java.util.List;

/**
 * The changes of one file in a unified diff. Line numbers are not looked at: each hunk has to fit
 * in exactly one place, and every line of it. Immutable.
 *
 * @param path from the repository's root
 */
record FilePatch(String path, List<Hunk> hunks) {

  /**
   * Lines to find, and lines to put in their place.
   *
   * @param before with context
   */
  record Hunk(List<String> before, List<String> after) {}

  FilePatch {
    hunks = List.copyOf(hunks);
  }

  /** The files of a diff; what stands before the first is for people. */
  static List<FilePatch> parse(List<String> diff) {
    var files = new ArrayList<FilePatch>();
    String path = null;
    var hunks = new ArrayList<Hunk>();
    Hunk hunk = null;
    for (String line : diff) {
      if (line.startsWith("--- a/")) {
        if (path != null) {
          files.add(new FilePatch(path, hunks));
          hunks.clear();
        }
        path = line.substring("--- a/".length());
        hunk = null;
      } else if (path != null && line.startsWith("@@ ")) {
        hunk = new Hunk(new ArrayList<>(), new ArrayList<>());
        hunks.add(hunk);
      } else if (hunk != null && !line.startsWith("+++ b/")) {
        String text = line.isEmpty() ? "" : line.substring(1);
        char sign = line.isEmpty() ? ' ' : line.charAt(0);
        if (sign != '+') {
          hunk.before.add(text);
        }
        if (sign != '-') {
          hunk.after.add(text);
        }
      }
    }
    if (path == null) {
      throw new IllegalArgumentException("no file is changed");
    }
    files.add(new FilePatch(path, hunks));
    return files;
  }

  /**
   * The changed text.
   *
   * @throws IllegalArgumentException if a hunk fits nowhere, or in several places
   */
  List<String> apply(List<String> lines) {
    List<String> changed = new ArrayList<>(lines);
    for (Hunk hunk : hunks) {
      int found = -1;
      for (int at = 0; at + hunk.before.size() <= changed.size(); at++) {
        if (changed.subList(at, at + hunk.before.size()).equals(hunk.before)) {
          if (found >= 0) {
            throw new IllegalArgumentException("a hunk fits in several places of " + path);
          }
          found = at;
        }
      }
      if (found < 0) {
        throw new IllegalArgumentException(
            "a hunk no longer fits " + path + ":\n" + String.join("\n", hunk.before));
      }
      List<String> place = changed.subList(found, found + hunk.before.size());
      place.clear();
      place.addAll(hunk.after);
    }
    return changed;
  }
}
