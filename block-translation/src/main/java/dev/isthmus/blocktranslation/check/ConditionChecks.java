package dev.isthmus.blocktranslation.check;

import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Whether the server keeps to the conditions of puts, alone and among many: what keeps two gateways
 * apart. Threading: confined to the check's thread.
 */
final class ConditionChecks {

  /** Writers in one race. */
  private static final int WRITERS = 8;

  private static final ETag NOBODYS = new ETag("\"00000000000000000000000000000000\"");

  private final ProbeArea area;
  private final int rounds;
  private boolean createFails;
  private boolean replaceFails;

  /**
   * @param rounds of each race
   */
  ConditionChecks(ProbeArea area, int rounds) {
    this.area = area;
    this.rounds = rounds;
  }

  Finding create() {
    Finding finding = createAlone();
    createFails = finding.verdict() == Verdict.FAIL;
    return finding;
  }

  private Finding createAlone() {
    try {
      boolean first = area.puts("create", ProbeArea.bytes("one"), PutCondition.ifAbsent());
      boolean second = area.puts("create", ProbeArea.bytes("two"), PutCondition.ifAbsent());
      String there = text(area.get("create"));
      if (first && !second && there.equals("one")) {
        return Finding.ok("create if absent", "the second one of two was refused (412)");
      }
      return Finding.fail(
          "create if absent",
          second
              ? "a second create of the same key succeeded: If-None-Match is ignored"
              : "the first create was refused though there was nothing; \"" + there + "\" is there",
          Remedies.NO_CONDITIONS);
    } catch (StoreException.Invalid e) {
      return refused("create if absent", "If-None-Match", e);
    }
  }

  Finding replace() {
    Finding finding = replaceAlone();
    replaceFails = finding.verdict() == Verdict.FAIL;
    return finding;
  }

  private Finding replaceAlone() {
    try {
      ETag first = area.put("replace", ProbeArea.bytes("one"), PutCondition.always());
      boolean nobodys = area.puts("replace", ProbeArea.bytes("two"), PutCondition.ifMatch(NOBODYS));
      if (nobodys) {
        return ignored("a put with an ETag that no object has replaced one");
      }
      boolean right = area.puts("replace", ProbeArea.bytes("three"), PutCondition.ifMatch(first));
      if (!right) {
        return Finding.fail(
            "replace if unchanged",
            "refused although the object was unchanged" + whyRefused(first),
            Remedies.NO_CONDITIONS);
      }
      boolean old = area.puts("replace", ProbeArea.bytes("four"), PutCondition.ifMatch(first));
      return old
          ? ignored("a put with the ETag of an older version replaced a newer one")
          : Finding.ok(
              "replace if unchanged", "an unchanged one was replaced, others were not (412)");
    } catch (StoreException.Invalid e) {
      return refused("replace if unchanged", "If-Match", e);
    }
  }

  /** Some releases of Ceph's gateway take the quotes for a part of the ETag. */
  private String whyRefused(ETag there) {
    String bare = there.bare();
    if (bare.isEmpty() || bare.equals(there.value())) {
      return "";
    }
    boolean replaced =
        area.puts("replace", ProbeArea.bytes("five"), PutCondition.ifMatch(new ETag(bare)));
    return replaced
        ? ", but not with the ETag's quotes left out of If-Match: against the standard (RFC 9110"
            + " §13.1.1); Ceph 20.2.1 and 19.2.7 mended it"
        : "";
  }

  private static Finding ignored(String what) {
    return Finding.fail(
        "replace if unchanged", what + ": If-Match is ignored", Remedies.NO_CONDITIONS);
  }

  private static Finding refused(String check, String header, StoreException.Invalid e) {
    return Finding.fail(
        check, "the server refuses " + header + ": " + Words.of(e), Remedies.NO_CONDITIONS);
  }

  Finding createRace() {
    return race("create race", "created", createFails, _ -> PutCondition.ifAbsent());
  }

  Finding replaceRace() {
    return race(
        "replace race",
        "replaced",
        replaceFails,
        name ->
            PutCondition.ifMatch(area.put(name, ProbeArea.bytes("old"), PutCondition.always())));
  }

  @FunctionalInterface
  private interface Preparation {
    PutCondition prepare(String name);
  }

  private Finding race(String check, String verb, boolean plainFails, Preparation preparation) {
    for (int round = 0; round < rounds; round++) {
      String name = check.replace(' ', '-') + "-" + round;
      PutCondition condition = preparation.prepare(name);
      var puts = new ArrayList<CompletableFuture<ETag>>();
      for (int writer = 0; writer < WRITERS; writer++) {
        puts.add(area.start(name, ProbeArea.bytes("writer " + writer), condition));
      }
      String flaw = flaw(outcomes(puts), text(area.get(name)));
      if (flaw != null) {
        String seen = "round %d of %d: %s".formatted(round + 1, rounds, flaw);
        // Where one alone is not kept to, that finding says what to do.
        return plainFails
            ? Finding.fail(check, seen)
            : Finding.fail(
                check,
                seen + ": the condition is not looked at in one step with the write",
                Remedies.NO_CONDITIONS);
      }
    }
    return Finding.ok(
        check,
        "%d rounds of %d writers at once: one of them %s it each time"
            .formatted(rounds, WRITERS, verb));
  }

  /** For each writer null if it was told that it won, else why not. */
  private static List<@Nullable StoreException> outcomes(List<CompletableFuture<ETag>> puts) {
    var outcomes = new ArrayList<@Nullable StoreException>();
    for (CompletableFuture<ETag> put : puts) {
      try {
        ETag _ = ProbeArea.await(put);
        outcomes.add(null);
      } catch (StoreException e) {
        outcomes.add(e);
      }
    }
    return outcomes;
  }

  /** What is wrong with a round; null if nothing is. */
  private static @Nullable String flaw(List<@Nullable StoreException> outcomes, String stored) {
    int winners = 0;
    int storedBy = -1;
    for (int writer = 0; writer < outcomes.size(); writer++) {
      StoreException outcome = outcomes.get(writer);
      if (outcome == null) {
        winners++;
      } else if (!(outcome instanceof StoreException.PreconditionFailed)) {
        return "a put failed otherwise: " + Words.of(outcome);
      }
      storedBy = stored.equals("writer " + writer) ? writer : storedBy;
    }
    if (winners > 1) {
      return winners + " of " + outcomes.size() + " writers were told that they won";
    }
    if (storedBy < 0) {
      return "what is stored is no writer's";
    }
    // None told: the reply to the winner's first try was lost, and its retry met its own object.
    boolean ownRetry =
        outcomes.get(storedBy) instanceof StoreException.PreconditionFailed e && e.attempts() > 1;
    return outcomes.get(storedBy) == null || (winners == 0 && ownRetry)
        ? null
        : "what is stored is that of a writer who was refused";
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
