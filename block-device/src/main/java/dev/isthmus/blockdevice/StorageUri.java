package dev.isthmus.blockdevice;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A parsed storage URI: {@code scheme://authority/path?key=value&…}, the name by which a device is
 * created and opened.
 *
 * <p>A device claims the query keys that it knows with {@link #requireKeys}; any other key is
 * refused by name. User information ({@code user:secret@}) and fragments are refused: credentials
 * never stand in a URI. Immutable.
 *
 * @param scheme lower case
 * @param authority empty if none
 * @param path decoded, with its leading slash; empty if none
 * @param query decoded, in order
 */
public record StorageUri(String scheme, String authority, String path, Map<String, String> query) {

  /** Longest URI that is looked at. */
  private static final int MAX_LENGTH = 4096;

  private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]*");

  /** A bucket, or a host or [address] with an optional port. */
  private static final Pattern AUTHORITY = Pattern.compile("[A-Za-z0-9._~:\\[\\]-]*");

  /**
   * Checks the parts.
   *
   * @throws DeviceException.Invalid naming what is wrong
   */
  public StorageUri {
    if (!SCHEME.matcher(scheme).matches()) {
      throw new DeviceException.Invalid(
          "a storage URI's scheme is lower-case letters, digits, '+', '.' and '-'");
    }
    if (!AUTHORITY.matcher(authority).matches()) {
      throw new DeviceException.Invalid(
          "between // and / a storage URI has letters, digits and any of . _ ~ : [ ] -");
    }
    if (!path.startsWith("/") && !(path.isEmpty() && !authority.isEmpty())) {
      throw new DeviceException.Invalid("a storage URI has a path that starts with a slash");
    }
    requireText("path", path);
    for (var entry : query.entrySet()) {
      requireText("query", entry.getKey());
      requireText("query", entry.getValue());
      if (entry.getKey().isEmpty()) {
        throw new DeviceException.Invalid("a storage URI's query has a key without a name");
      }
    }
    query = Collections.unmodifiableMap(new LinkedHashMap<>(query));
  }

  /**
   * Parses {@code text}.
   *
   * @throws DeviceException.Invalid naming what is wrong; the message does not repeat user
   *     information
   */
  public static StorageUri parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new DeviceException.Invalid(
          "a storage URI has at most " + MAX_LENGTH + " characters, not " + text.length());
    }
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      // The exception's own message repeats the input, which may hold a secret by mistake.
      throw new DeviceException.Invalid(
          "not a URI at character " + e.getIndex() + ": " + e.getReason());
    }
    if (uri.getScheme() == null || uri.isOpaque()) {
      throw new DeviceException.Invalid(
          "a storage URI starts with scheme:// , as in file:///path or s3://BUCKET/VOLUME");
    }
    String authority = uri.getRawAuthority() == null ? "" : uri.getRawAuthority();
    if (authority.indexOf('@') >= 0) {
      throw new DeviceException.Invalid(
          "a storage URI holds no user or password: leave out what stands before the @");
    }
    if (uri.getRawFragment() != null) {
      throw new DeviceException.Invalid("a storage URI has no fragment: write # as %23");
    }
    String path = uri.getRawPath() == null ? "" : decode(uri.getRawPath());
    return new StorageUri(
        uri.getScheme().toLowerCase(java.util.Locale.ROOT),
        authority,
        path,
        parseQuery(uri.getRawQuery()));
  }

  private static Map<String, String> parseQuery(@Nullable String raw) {
    var query = new LinkedHashMap<String, String>();
    if (raw == null || raw.isEmpty()) {
      return query;
    }
    for (String pair : raw.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        // The pair is not repeated: it may be a secret that was pasted there.
        throw new DeviceException.Invalid(
            "a query is key=value&key=value; a part of " + pair.length() + " characters is not");
      }
      String key = decode(pair.substring(0, equals));
      requireText("query", key);
      if (query.put(key, decode(pair.substring(equals + 1))) != null) {
        throw new DeviceException.Invalid("the query key \"" + key + "\" stands twice");
      }
    }
    return query;
  }

  private static String decode(String text) {
    try {
      // URLDecoder turns + into a space, which no storage URI means.
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Invalid("a % is not followed by two hex digits");
    }
  }

  /**
   * Refuses every query key but {@code known}.
   *
   * @throws DeviceException.Invalid naming the unknown keys and the known ones
   */
  public void requireKeys(Set<String> known) {
    var unknown = new ArrayList<>(query.keySet());
    unknown.removeAll(known);
    if (!unknown.isEmpty()) {
      throw new DeviceException.Invalid(
          scheme + ":// does not know " + unknown + "; it knows " + new TreeSet<>(known));
    }
  }

  /** The value of {@code key}, or null. */
  public @Nullable String get(String key) {
    return query.get(key);
  }

  /**
   * The block size of {@code blk_size}, 512 or 4096.
   *
   * @throws DeviceException.Invalid if it is anything else
   */
  public int blockSizeBytes(int defaultBytes) {
    String value = query.get("blk_size");
    if (value == null) {
      return defaultBytes;
    }
    return switch (value) {
      case "512" -> 512;
      case "4096" -> 4096;
      default ->
          throw new DeviceException.Invalid("blk_size is 512 or 4096, not \"" + value + "\"");
    };
  }

  /**
   * The size that a create asks for, of the key {@code size}.
   *
   * @throws DeviceException.Invalid if it is missing, zero, or no multiple of the block
   */
  public long sizeBytesAtCreate(int blockSizeBytes) {
    String value = query.get("size");
    if (value == null) {
      throw new DeviceException.Invalid(
          "creating " + scheme + ":// needs a size, as in ?size=64MiB");
    }
    long bytes = ByteSize.parse(value).bytes();
    if (bytes == 0 || bytes % blockSizeBytes != 0) {
      throw new DeviceException.Invalid(
          "size=" + value + " is not a positive multiple of the block size " + blockSizeBytes);
    }
    return bytes;
  }

  /**
   * Refuses the key {@code size}, which is said at create only.
   *
   * @throws DeviceException.Invalid saying so
   */
  public void refuseSizeAtOpen() {
    if (query.containsKey("size")) {
      throw new DeviceException.Invalid(
          "size is said when a device is created; leave it out to open " + scheme + "://");
    }
  }

  /** The URI as text, as {@link #parse} takes it. */
  @Override
  public String toString() {
    var text = new StringBuilder(scheme).append("://").append(authority).append(encode(path));
    char separator = '?';
    for (var entry : query.entrySet()) {
      text.append(separator)
          .append(encode(entry.getKey()))
          .append('=')
          .append(encode(entry.getValue()));
      separator = '&';
    }
    return text.toString();
  }

  /**
   * Refuses what would corrupt a log or a file name: control characters, and what no UTF-8 stands
   * for (the decoder puts U+FFFD there).
   */
  private static void requireText(String what, String text) {
    boolean bad =
        text.codePoints()
            .anyMatch(c ->
                Character.isISOControl(c)
                    || c == 0xfffd
                    || Character.getType(c) == Character.SURROGATE);
    if (bad) {
      throw new DeviceException.Invalid(
          "a storage URI's " + what + " holds a control character or is not UTF-8");
    }
  }

  private static String encode(String text) {
    return java.net.URLEncoder.encode(text, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("%2F", "/")
        .replace("%3A", ":");
  }
}
