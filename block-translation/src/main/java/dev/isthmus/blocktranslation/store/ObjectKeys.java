package dev.isthmus.blocktranslation.store;

import org.jspecify.annotations.Nullable;

/**
 * The rule for keys, checked by every store before anything else.
 *
 * <p>Segments of {@code A-Z a-z 0-9 - _ . = ~}, 1 to {@value #MAX_SEGMENT_LENGTH} characters each,
 * joined by single slashes, {@value #MAX_KEY_LENGTH} characters in all; no segment is {@code .} or
 * {@code ..}. All of these are one byte and mean themselves in a URL and in a file name; servers
 * that keep objects as files (MinIO, VersityGW) take file names of up to 255 bytes.
 */
public final class ObjectKeys {

  /** Characters of a whole key; S3 takes 1024 bytes. */
  public static final int MAX_KEY_LENGTH = 512;

  /** Characters between two slashes: leaves room for a suffix within 255. */
  public static final int MAX_SEGMENT_LENGTH = 200;

  private ObjectKeys() {}

  /**
   * Checks a key.
   *
   * @return what is wrong with it, or null
   */
  public static @Nullable String problem(String key) {
    if (key.isEmpty()) {
      return "a key has at least one character";
    }
    String problem = prefixProblem(key);
    if (problem != null) {
      return problem;
    }
    return key.endsWith("/") ? "a key does not end with a slash" : null;
  }

  /**
   * Checks the beginning of a key, which may be empty and may end with a slash.
   *
   * @return what is wrong with it, or null
   */
  public static @Nullable String prefixProblem(String prefix) {
    if (prefix.length() > MAX_KEY_LENGTH) {
      return "a key has at most " + MAX_KEY_LENGTH + " characters, not " + prefix.length();
    }
    int segmentStart = 0;
    for (int i = 0; i <= prefix.length(); i++) {
      if (i < prefix.length() && prefix.charAt(i) != '/') {
        if (!isAllowed(prefix.charAt(i))) {
          return "character %d of a key is not one of A-Z a-z 0-9 - _ . = ~ /".formatted(i + 1);
        }
        continue;
      }
      boolean last = i == prefix.length();
      String problem = segmentProblem(prefix.substring(segmentStart, i), last);
      if (problem != null) {
        return problem;
      }
      segmentStart = i + 1;
    }
    return null;
  }

  private static @Nullable String segmentProblem(String segment, boolean last) {
    if (segment.isEmpty()) {
      return last ? null : "a key neither starts with a slash nor has two in a row";
    }
    if (segment.length() > MAX_SEGMENT_LENGTH) {
      return "a segment of a key has at most " + MAX_SEGMENT_LENGTH + " characters";
    }
    return segment.equals(".") || segment.equals("..")
        ? "a segment of a key is neither . nor .."
        : null;
  }

  private static boolean isAllowed(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= '0' && c <= '9')
        || (c >= 'A' && c <= 'Z')
        || c == '-'
        || c == '_'
        || c == '.'
        || c == '='
        || c == '~';
  }
}
