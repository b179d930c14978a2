package dev.isthmus.blocktranslation.check;

import dev.isthmus.blocktranslation.store.BucketFacts;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether server, bucket and credentials are there, and what they may do. Threading: confined to
 * the check's thread.
 */
final class AccessChecks {

  /** Codes that say that the credentials are good, and that this one thing is not allowed. */
  private static final Set<String> DENIED = Set.of("AccessDenied", "AllAccessDisabled");

  private static final Duration SKEW_WARN = Duration.ofMinutes(1);

  /** Beyond it S3 refuses every request as RequestTimeTooSkewed. */
  private static final Duration SKEW_FAIL = Duration.ofMinutes(15);

  private final ProbeArea area;
  private final @Nullable BucketFacts facts;
  private final Remedies remedies;
  private @Nullable Duration skew;
  private boolean mayPut;
  private boolean mayGet;

  AccessChecks(ProbeArea area, @Nullable BucketFacts facts, Remedies remedies) {
    this.area = area;
    this.facts = facts;
    this.remedies = remedies;
  }

  /** Whether objects can be put: known after {@link #put}. */
  boolean mayPut() {
    return mayPut;
  }

  /** Whether objects can be got: known after {@link #get}. */
  boolean mayGet() {
    return mayGet;
  }

  /**
   * Whether anything can be asked at all.
   *
   * @throws StoreException if no answer comes
   */
  Finding credentials() {
    if (facts == null) {
      return Finding.skip("credentials", "a directory asks for none");
    }
    Instant before = Instant.now();
    BucketFacts.Answer answer;
    try {
      answer = facts.list(area.prefix());
    } catch (StoreException.Unauthorized e) {
      return Finding.fail(
          "credentials",
          Words.of(e),
          "docs/configuration.md, \"Credentials\", says where they are looked for");
    }
    Instant after = Instant.now();
    if (answer.serverTime() != null) {
      Instant middle = before.plus(Duration.between(before, after).dividedBy(2));
      skew = Duration.between(middle, answer.serverTime());
    }
    if (answer.isSuccess() || DENIED.contains(answer.code())) {
      return Finding.ok("credentials", "found, and accepted by " + area.store().description());
    }
    return Finding.fail("credentials", "the server says " + answer, advice(answer));
  }

  private String advice(BucketFacts.Answer answer) {
    return switch (answer.code()) {
      case "NoSuchBucket" ->
          "create the bucket: " + remedies.aws("s3api create-bucket --bucket " + remedies.bucket());
      case "InvalidAccessKeyId", "XAdminUserNotFound" ->
          "nobody has this access key here: is it another provider's, or was it deleted?";
      case "SignatureDoesNotMatch" ->
          "the secret key is wrong, or a proxy in between changes headers that are signed";
      case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
          "the session has ended: log in again, or take credentials that renew themselves";
      case "RequestTimeTooSkewed" -> "set this machine's clock: timedatectl set-ntp true";
      case "AuthorizationHeaderMalformed", "PermanentRedirect" ->
          "say the bucket's region in the URI: ?region=…";
      default -> "is the endpoint an S3 server, and is region= the bucket's?";
    };
  }

  Finding list() {
    return permission(
        "ListBucket",
        () -> {
          ListPage page =
              ProbeArea.await(area.store().list(area.prefix(), null, 1, ProbeArea.OPTIONS));
          return "allowed under " + area.prefix() + (page.objects().isEmpty() ? "" : ", not empty");
        });
  }

  Finding put() {
    return permission(
        "PutObject",
        () -> {
          var _ = area.put("object", ProbeArea.bytes("isthmus"), PutCondition.always());
          mayPut = true;
          return "allowed";
        });
  }

  Finding get() {
    return permission(
        "GetObject",
        () -> {
          if (mayPut) {
            byte[] _ = area.get("object");
          } else {
            requireAbsent();
          }
          mayGet = true;
          return mayPut ? "allowed" : "allowed (asked for an object that is not there)";
        });
  }

  /** Idempotent, so that it can be asked with nothing there. */
  Finding delete() {
    return permission(
        "DeleteObject",
        () -> {
          area.delete("object");
          return "allowed";
        });
  }

  private Finding permission(String action, Asking asking) {
    try {
      return Finding.ok(action, asking.ask());
    } catch (StoreException.Unauthorized e) {
      return Finding.fail(action, Words.of(e), remedies.policy("s3:" + action));
    }
  }

  @FunctionalInterface
  private interface Asking {
    String ask();
  }

  /** An open believes that an object is absent only if the server says so. */
  Finding absent() {
    try {
      requireAbsent();
      return Finding.ok("absent", "an object that is not there is said to be absent (404)");
    } catch (StoreException.Unauthorized e) {
      return Finding.fail(
          "absent",
          "an object that is not there is refused ("
              + Words.of(e)
              + "): no volume can be opened, since the end of its data is not seen",
          "S3 says 404 only to who may list: allow s3:ListBucket for the whole prefix; on servers"
              + " that do not apply s3:prefix to reads (Ceph RGW before 2026), without a condition");
    }
  }

  private void requireAbsent() {
    try {
      byte[] _ = area.get("never-there", ByteRange.span(0, 1));
      throw new StoreException.Internal("an object that was never put is there", null);
    } catch (StoreException.NotFound e) {
      // As it should be.
    }
  }

  Finding clock() {
    if (facts == null) {
      return Finding.skip("clock", "a directory has none");
    }
    if (skew == null) {
      return Finding.skip("clock", "the server says no time (no Date header)");
    }
    String seen =
        skew.abs().compareTo(Duration.ofSeconds(2)) < 0
            ? "within 2 s of the server's"
            : "%d s %s the server's"
                .formatted(skew.abs().toSeconds(), skew.isNegative() ? "before" : "behind");
    String remedy = "set this machine's clock: timedatectl set-ntp true";
    if (skew.abs().compareTo(SKEW_FAIL) > 0) {
      return Finding.fail("clock", seen + ": beyond 15 minutes every request is refused", remedy);
    }
    return skew.abs().compareTo(SKEW_WARN) > 0
        ? Finding.warn("clock", seen + "; beyond 15 minutes every request is refused", remedy)
        : Finding.ok("clock", seen);
  }
}
