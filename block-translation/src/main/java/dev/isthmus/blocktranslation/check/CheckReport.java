package dev.isthmus.blocktranslation.check;

import java.time.Duration;
import java.util.List;

/**
 * All that a check found. Immutable.
 *
 * @param where the bucket, for people
 * @param requests sent to it, retries included
 * @param sentBytes in bodies
 * @param receivedBytes in bodies
 * @param elapsed from its start to its end
 */
public record CheckReport(
    String where,
    List<Finding> findings,
    long requests,
    long sentBytes,
    long receivedBytes,
    Duration elapsed) {

  public CheckReport {
    findings = List.copyOf(findings);
  }

  /** How many ended so. */
  public long count(Verdict verdict) {
    return findings.stream().filter(f -> f.verdict() == verdict).count();
  }
}
