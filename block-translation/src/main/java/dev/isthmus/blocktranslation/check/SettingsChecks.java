package dev.isthmus.blocktranslation.check;

import dev.isthmus.blockdevice.ShellWord;
import dev.isthmus.blocktranslation.store.BucketFacts;
import dev.isthmus.blocktranslation.store.BucketFacts.LifecycleRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether settings of the bucket would delete, move or keep what a volume has there. Threading:
 * confined to the check's thread.
 */
final class SettingsChecks {

  /** A read of what is there ends with an error until somebody has restored it. */
  private static final Set<String> UNREADABLE = Set.of("GLACIER", "DEEP_ARCHIVE");

  private final @Nullable BucketFacts facts;
  private final Remedies remedies;
  private final String rootPrefix;
  private final Map<String, String> tags;

  /**
   * @param rootPrefix what the keys of the volumes begin with
   * @param tags that their objects carry
   */
  SettingsChecks(
      @Nullable BucketFacts facts, Remedies remedies, String rootPrefix, Map<String, String> tags) {
    this.facts = facts;
    this.remedies = remedies;
    this.rootPrefix = rootPrefix;
    this.tags = tags;
  }

  List<Finding> all() {
    if (facts == null) {
      String why = "a directory has none";
      return List.of(
          Finding.skip("versioning", why),
          Finding.skip("object lock", why),
          Finding.skip("lifecycle", why));
    }
    BucketFacts.Fact<List<LifecycleRule>> rules = facts.lifecycle();
    var findings = new ArrayList<Finding>();
    findings.add(versioning(facts.versioning(), rules.value()));
    findings.add(objectLock(facts.objectLock()));
    findings.addAll(lifecycle(rules));
    return findings;
  }

  private static Finding unknown(String check, BucketFacts.Answer answer, String permission) {
    return answer.status() == 401 || answer.status() == 403
        ? Finding.skip(check, "not allowed to look (" + answer + "): " + permission + " does")
        : Finding.skip(check, "the server does not say (" + answer + ")");
  }

  private String where() {
    return rootPrefix.isEmpty() ? "the whole bucket" : rootPrefix;
  }

  Finding versioning(BucketFacts.Fact<String> fact, @Nullable List<LifecycleRule> rules) {
    String state = fact.value();
    if (state == null) {
      return unknown("versioning", fact.answer(), "s3:GetBucketVersioning");
    }
    if (!state.equals("Enabled")) {
      return Finding.ok(
          "versioning", state.isEmpty() ? "never switched on" : "switched off (" + state + ")");
    }
    boolean cleaned =
        rules != null
            && rules.stream()
                .anyMatch(r ->
                    r.expiresNoncurrent()
                        && r.narrowedBy().isEmpty()
                        && r.tags().isEmpty()
                        && rootPrefix.startsWith(r.prefix()));
    if (cleaned) {
      return Finding.ok("versioning", "on, and a lifecycle rule deletes noncurrent versions");
    }
    String rule =
        "{\"Rules\":[{\"ID\":\"isthmus-noncurrent\",\"Status\":\"Enabled\",\"Filter\":{\"Prefix\":\"%s\"},"
                .formatted(rootPrefix)
            + "\"NoncurrentVersionExpiration\":{\"NoncurrentDays\":1},"
            + "\"Expiration\":{\"ExpiredObjectDeleteMarker\":true}}]}";
    return Finding.warn(
        "versioning",
        "on: what is deleted or replaced stays as a noncurrent version, and is charged for ever",
        "a rule that deletes noncurrent versions"
            + (rules == null || rules.isEmpty()
                ? ":"
                : ", to be added to those that there are: the first command replaces them all"),
        remedies.aws(
            "s3api put-bucket-lifecycle-configuration --bucket %s --lifecycle-configuration '%s'"
                .formatted(remedies.bucket(), rule)),
        "mc ilm rule add --noncurrent-expire-days 1 --expire-delete-marker"
            + (rootPrefix.isEmpty() ? "" : " --prefix " + rootPrefix)
            + " "
            + remedies.mcTarget());
  }

  private Finding objectLock(BucketFacts.Fact<List<BucketFacts.Retention>> fact) {
    List<BucketFacts.Retention> retention = fact.value();
    if (retention == null) {
      return unknown("object lock", fact.answer(), "s3:GetBucketObjectLockConfiguration");
    }
    if (retention.isEmpty()) {
      return Finding.ok("object lock", "no default retention");
    }
    return Finding.warn(
        "object lock",
        "every new object is kept by default ("
            + retention.getFirst().words()
            + "): deleting a volume, or what it needs no more, frees no space before that",
        "a bucket without default retention, or: "
            + remedies.aws(
                "s3api put-object-lock-configuration --bucket "
                    + remedies.bucket()
                    + " --object-lock-configuration ObjectLockEnabled=Enabled"),
        "mc retention clear --default " + remedies.mcTarget());
  }

  List<Finding> lifecycle(BucketFacts.Fact<List<LifecycleRule>> fact) {
    List<LifecycleRule> rules = fact.value();
    if (rules == null) {
      return List.of(unknown("lifecycle", fact.answer(), "s3:GetLifecycleConfiguration"));
    }
    var findings = new ArrayList<Finding>();
    for (LifecycleRule rule : rules) {
      if (rule.covers(rootPrefix)) {
        judge(rule, findings);
      }
    }
    if (findings.isEmpty()) {
      findings.add(
          Finding.ok(
              "lifecycle",
              "%d rules, none that deletes or moves current objects in %s"
                  .formatted(rules.size(), where())));
    }
    return findings;
  }

  private void judge(LifecycleRule rule, List<Finding> findings) {
    String which =
        "rule \"%s\" (prefix \"%s\"%s)"
            .formatted(
                rule.id(),
                rule.prefix(),
                (rule.tags().isEmpty() ? "" : ", only with tags " + rule.tags())
                    + (rule.narrowedBy().isEmpty() ? "" : ", only " + rule.narrowedBy()));
    // A gateway's URI may give tags that this one does not.
    boolean certain =
        rule.tags().entrySet().stream()
            .allMatch(tag -> tag.getValue().equals(tags.get(tag.getKey())));
    if (!rule.expires().isEmpty()) {
      findings.add(
          certain
              ? Finding.fail(
                  "lifecycle",
                  which + " deletes current objects " + rule.expires() + ": volumes are destroyed",
                  narrow(rule))
              : Finding.warn(
                  "lifecycle",
                  which
                      + " deletes current objects "
                      + rule.expires()
                      + ", if they carry these tags",
                  narrow(rule)));
    }
    for (BucketFacts.Transition move : rule.transitions()) {
      String seen = which + " moves objects " + move.when() + " to " + move.storageClass();
      boolean fatal = certain && UNREADABLE.contains(move.storageClass());
      findings.add(
          fatal
              ? Finding.fail(
                  "lifecycle",
                  seen + ", from where they can't be read: volumes end with I/O errors",
                  narrow(rule))
              : Finding.warn(
                  "lifecycle",
                  seen + ": it charges reads and least times, and old data of a volume is read too",
                  narrow(rule)));
    }
  }

  private String[] narrow(LifecycleRule rule) {
    String bucket = remedies.bucket();
    String reach =
        rule.prefix().startsWith(rootPrefix) && !rule.prefix().equals(rootPrefix)
            ? "the rule reaches into " + where()
            : "the rule reaches " + where();
    return new String[] {
      reach
          + ": give it a prefix beside that. A filter can't leave one out: where the rule has to stay"
          + " for all else, volumes need a bucket of their own",
      remedies.aws("s3api get-bucket-lifecycle-configuration --bucket " + bucket + " > rules.json")
          + "   # change the Prefix of "
          + ShellWord.of(rule.id()),
      remedies.aws(
          "s3api put-bucket-lifecycle-configuration --bucket "
              + bucket
              + " --lifecycle-configuration file://rules.json"),
      "mc ilm rule edit --id " + ShellWord.of(rule.id()) + " --prefix OTHER/ " + remedies.mcTarget()
    };
  }
}
