package dev.isthmus.blocktranslation.store;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a bucket of a server says of itself, and how that server answers what no volume ever asks:
 * for checks by people, never for the work of a volume. Each call is one request, without retries,
 * and blocks. Messages hold no credential. Threading: thread-safe.
 */
public interface BucketFacts extends AutoCloseable {

  /**
   * How a server answered.
   *
   * @param status of HTTP; 0 if nothing was sent
   * @param code the error's, as {@code AccessDenied}; empty of a success, and where there is none
   * @param serverTime what its clock said; null if it did not say
   */
  record Answer(int status, String code, @Nullable Instant serverTime) {

    public boolean isSuccess() {
      return status >= 200 && status < 300;
    }

    @Override
    public String toString() {
      return code.isEmpty() ? Integer.toString(status) : status + " " + code;
    }
  }

  /**
   * A setting of the bucket, or why it is not known.
   *
   * @param value null if it is not known
   * @param answer how the server answered
   */
  record Fact<T>(@Nullable T value, Answer answer) {}

  /**
   * Days and mode that every new object is kept for.
   *
   * @param words as {@code GOVERNANCE, 30 days}
   */
  record Retention(String words) {}

  /** An object goes to another storage class. */
  record Transition(String storageClass, String when) {}

  /**
   * A rule by which the bucket itself deletes or moves objects; only those that are in force.
   *
   * @param id its name
   * @param prefix what the keys begin with that it is for; empty for all
   * @param tags that objects have to carry for it, all of them
   * @param narrowedBy sizes that it is for, in words; empty for all
   * @param expires when it deletes current objects, in words; empty if it does not
   * @param transitions when it moves current objects, and where
   * @param expiresNoncurrent whether it deletes versions that were written over or deleted
   */
  record LifecycleRule(
      String id,
      String prefix,
      Map<String, String> tags,
      String narrowedBy,
      String expires,
      List<Transition> transitions,
      boolean expiresNoncurrent) {

    public LifecycleRule {
      tags = Map.copyOf(tags);
      transitions = List.copyOf(transitions);
    }

    /** Whether there may be a key that begins with {@code keyPrefix} and that it is for. */
    public boolean covers(String keyPrefix) {
      return keyPrefix.startsWith(prefix) || prefix.startsWith(keyPrefix);
    }
  }

  /**
   * Lists one key: whether server, bucket and credentials are what they should be.
   *
   * @throws StoreException.Unreachable if no answer came; {@link StoreException.Unauthorized} if
   *     there are no credentials to ask with
   */
  Answer list(String prefix);

  /** {@code Enabled}, {@code Suspended}, or empty if it never was. */
  Fact<String> versioning();

  /** The rules in force. */
  Fact<List<LifecycleRule>> lifecycle();

  /** What new objects are kept for; an empty list for nothing. */
  Fact<List<Retention>> objectLock();

  /** Puts a body with the CRC32C of another one. */
  Answer putDamaged(String key, byte[] body);

  /** The CRC32C that a GET of the whole object brings back; empty for none. */
  String storedChecksum(String key);

  /** Requests sent so far. */
  long requests();

  /** Frees what it holds. Blocks. */
  @Override
  void close();
}
