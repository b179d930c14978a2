package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a server is to keep what is put: the headers of a PUT that change nothing for a reader.
 * Immutable.
 *
 * @param encryption at rest, by the server; null for what the bucket says
 * @param storageClass of segments alone, which are large and mostly cold; null for the bucket's.
 *     The rest is small, rewritten and read at every open, which the colder classes charge for
 * @param tags on every object, for a bill or a rule of the bucket; in this order
 */
public record Placement(
    @Nullable Encryption encryption, @Nullable String storageClass, Map<String, String> tags) {

  /** Whatever the bucket does by itself. */
  public static final Placement DEFAULT = new Placement(null, null, Map.of());

  /** Limits of S3: object tagging. */
  private static final int MAX_TAGS = 10;

  private static final Pattern TAG_KEY = Pattern.compile("[\\p{L}\\p{N} +=._:/@-]{1,128}");
  private static final Pattern TAG_VALUE = Pattern.compile("[\\p{L}\\p{N} +=._:/@-]{0,256}");

  private static final Pattern STORAGE_CLASS = Pattern.compile("[A-Z0-9_]{1,40}");

  /** Objects of these have to be restored by hand before they can be read. */
  private static final Set<String> ARCHIVES = Set.of("GLACIER", "DEEP_ARCHIVE");

  /** Encryption by the server. */
  public sealed interface Encryption {

    /** With keys of the store's (SSE-S3). */
    record OfStore() implements Encryption {}

    /**
     * With a key of a key service (SSE-KMS).
     *
     * @param key its ARN, id or alias; null for the account's default
     */
    record OfKeyService(@Nullable String key) implements Encryption {

      private static final Pattern KEY = Pattern.compile("[A-Za-z0-9:/_.-]{1,2048}");

      public OfKeyService {
        if (key != null && !KEY.matcher(key).matches()) {
          throw new StoreException.Invalid(
              "kms_key= is the ARN, the id or the alias (alias/NAME) of a key");
        }
      }
    }
  }

  public Placement {
    if (storageClass != null) {
      checkStorageClass(storageClass);
    }
    if (tags.size() > MAX_TAGS) {
      throw new StoreException.Invalid(
          "tags= has at most " + MAX_TAGS + " tags, which is S3's limit, not " + tags.size());
    }
    tags.forEach(Placement::checkTag);
    tags = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(tags));
  }

  private static void checkStorageClass(String name) {
    if (!STORAGE_CLASS.matcher(name).matches()) {
      throw new StoreException.Invalid(
          "storage_class= is the name of a class as the server has it, such as STANDARD_IA");
    }
    if (ARCHIVES.contains(name)) {
      throw new StoreException.Invalid(
          "storage_class="
              + name
              + ": its objects can't be read until somebody restores them, and a disk is read at"
              + " once; GLACIER_IR can be");
    }
  }

  private static void checkTag(String key, String value) {
    if (!TAG_KEY.matcher(key).matches() || !TAG_VALUE.matcher(value).matches()) {
      throw new StoreException.Invalid(
          "tags= is KEY:VALUE,KEY:VALUE with 1 to 128 characters in a key and up to 256 in a value,"
              + " letters, digits, spaces and + - = . _ : / @");
    }
    if (key.startsWith("aws:")) {
      throw new StoreException.Invalid("tags=: names that start with aws: are AWS's own");
    }
  }

  /** The headers of a PUT made for {@code purpose}. */
  public Map<String, String> headers(RequestPurpose purpose) {
    var headers = new LinkedHashMap<String, String>();
    switch (encryption) {
      case null -> {}
      case Encryption.OfStore _ -> headers.put("x-amz-server-side-encryption", "AES256");
      case Encryption.OfKeyService service -> {
        headers.put("x-amz-server-side-encryption", "aws:kms");
        if (service.key() != null) {
          headers.put("x-amz-server-side-encryption-aws-kms-key-id", service.key());
        }
      }
    }
    boolean segment = purpose == RequestPurpose.SEGMENT || purpose == RequestPurpose.GC;
    if (storageClass != null && segment) {
      headers.put("x-amz-storage-class", storageClass);
    }
    if (!tags.isEmpty()) {
      headers.put(
          "x-amz-tagging",
          tags.entrySet().stream()
              .map(t -> encoded(t.getKey()) + "=" + encoded(t.getValue()))
              .collect(Collectors.joining("&")));
    }
    return headers;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
