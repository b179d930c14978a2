package dev.isthmus.blocktranslation.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.BucketFacts.Answer;
import dev.isthmus.blocktranslation.store.BucketFacts.Fact;
import dev.isthmus.blocktranslation.store.BucketFacts.LifecycleRule;
import dev.isthmus.blocktranslation.store.BucketFacts.Transition;
import dev.isthmus.blocktranslation.store.BucketUri;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which settings of a bucket harm, as no server at hand has all of them. */
class SettingsChecksTest {

  private static final Answer OK = new Answer(200, "", null);

  private static final BucketUri DISKS =
      BucketUri.ofRoot(StorageUri.parse("s3://bucket/disks?region=eu-central-1"));

  private static SettingsChecks checks() {
    return new SettingsChecks(
        null,
        new Remedies("s3://bucket/disks", DISKS),
        DISKS.rootPrefix(),
        Map.of("team", "db", "cost", "1"));
  }

  private static Finding only(List<Finding> findings) {
    assertEquals(1, findings.size(), findings.toString());
    return findings.getFirst();
  }

  private static Finding judge(LifecycleRule... rules) {
    return only(checks().lifecycle(new Fact<>(List.of(rules), OK)));
  }

  private static LifecycleRule expiring(String prefix, Map<String, String> tags) {
    return new LifecycleRule("r", prefix, tags, "", "after 30 days", List.of(), false);
  }

  @ParameterizedTest
  @CsvSource({"'',FAIL", "d,FAIL", "disks/,FAIL", "disks/db/,FAIL", "diskettes/,OK", "logs/,OK"})
  void aRuleThatDeletesHarmsWhereItReaches(String prefix, Verdict verdict) {
    Finding found = judge(expiring(prefix, Map.of()));
    assertEquals(verdict, found.verdict(), found.toString());
    assertEquals(verdict == Verdict.FAIL, !found.remedies().isEmpty());
  }

  @Test
  void aRuleForTagsMayNotBeForUs() {
    assertEquals(Verdict.WARN, judge(expiring("", Map.of("temporary", "yes"))).verdict());
    assertEquals(Verdict.WARN, judge(expiring("", Map.of("team", "db", "old", "yes"))).verdict());
    assertEquals(Verdict.FAIL, judge(expiring("", Map.of("team", "db"))).verdict(), "ours");
    var large =
        new LifecycleRule(
            "r", "", Map.of(), "more than 1000 bytes", "after 30 days", List.of(), false);
    assertEquals(Verdict.FAIL, judge(large).verdict());
  }

  @ParameterizedTest
  @CsvSource({
    "GLACIER,FAIL",
    "DEEP_ARCHIVE,FAIL",
    "GLACIER_IR,WARN",
    "STANDARD_IA,WARN",
    "ONEZONE_IA,WARN"
  })
  void aRuleThatMovesHarmsByWhereTo(String storageClass, Verdict verdict) {
    Finding found =
        judge(
            new LifecycleRule(
                "r",
                "",
                Map.of(),
                "",
                "",
                List.of(new Transition(storageClass, "after 90 days")),
                false));
    assertEquals(verdict, found.verdict());
    assertTrue(found.seen().contains(storageClass), found.seen());
  }

  /** Neither of them touches what is current; uploads in parts are not used at all. */
  @Test
  void rulesForVersionsAndBrokenUploadsAreHarmless() {
    var versions = new LifecycleRule("versions", "", Map.of(), "", "", List.of(), true);
    var uploads = new LifecycleRule("uploads", "", Map.of(), "", "", List.of(), false);
    assertEquals(Verdict.OK, judge(versions, uploads).verdict());
    assertEquals(
        Verdict.OK,
        checks().versioning(new Fact<>("Enabled", OK), List.of(versions, uploads)).verdict());
    assertEquals(
        Verdict.WARN, checks().versioning(new Fact<>("Enabled", OK), List.of(uploads)).verdict());
  }

  /** A rule for the noncurrent versions of a part does not clean the rest. */
  @Test
  void versionsOfAPartAreNotAll() {
    var part = new LifecycleRule("part", "disks/db/", Map.of(), "", "", List.of(), true);
    Finding found = checks().versioning(new Fact<>("Enabled", OK), List.of(part));
    assertEquals(Verdict.WARN, found.verdict());
    assertTrue(found.remedies().getFirst().contains("replaces them all"), found.toString());
    assertEquals(Verdict.OK, checks().versioning(new Fact<>("", OK), null).verdict());
    assertEquals(Verdict.OK, checks().versioning(new Fact<>("Suspended", OK), null).verdict());
  }

  @Test
  void whatMayNotBeSeenIsNamedByItsPermission() {
    var refused = new Answer(403, "AccessDenied", null);
    Finding found = only(checks().lifecycle(new Fact<>(null, refused)));
    assertEquals(Verdict.SKIP, found.verdict());
    assertTrue(found.seen().contains("s3:GetLifecycleConfiguration"), found.seen());
    var unknown = new Answer(501, "NotImplemented", null);
    assertTrue(
        checks()
            .versioning(new Fact<>(null, unknown), null)
            .seen()
            .contains("the server does not say (501 NotImplemented)"));
  }
}
