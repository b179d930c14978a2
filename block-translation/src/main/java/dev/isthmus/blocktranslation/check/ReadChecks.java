package dev.isthmus.blocktranslation.check;

import dev.isthmus.blocktranslation.store.BucketFacts;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.StoreException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Whether what was written is what is read and listed, at once and whole. Threading: confined to
 * the check's thread.
 */
final class ReadChecks {

  private static final int RANGED_BYTES = 10_000;
  private static final int LISTED = 5;
  private static final int PAGE = 2;
  private static final int OVERWRITES = 10;

  private static final String INCONSISTENT =
      "volumes need a provider whose reads and lists see the last write at once; a cache or replica"
          + " in between breaks that";

  private final ProbeArea area;
  private final @Nullable BucketFacts facts;
  private final Random random = new Random();

  ReadChecks(ProbeArea area, @Nullable BucketFacts facts) {
    this.area = area;
    this.facts = facts;
  }

  private byte[] randomBytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  Finding ranges() {
    byte[] body = randomBytes(RANGED_BYTES);
    var _ = area.put("ranges", body, PutCondition.always());
    String flaw = rangeFlaw(body, ByteRange.span(1000, 500), 1000, 1500, "a part");
    flaw = flaw != null ? flaw : rangeFlaw(body, ByteRange.tail(100), 9900, 10_000, "the end");
    flaw =
        flaw != null
            ? flaw
            : rangeFlaw(body, ByteRange.span(9990, 100), 9990, 10_000, "a part across the end");
    if (flaw == null) {
      try {
        int got = area.get("ranges", ByteRange.span(RANGED_BYTES, 1)).length;
        flaw = "asking beyond the end gave " + got + " bytes instead of 416";
      } catch (StoreException.OutOfRange e) {
        return Finding.ok("ranged reads", "a part, the end, across the end, beyond the end (416)");
      }
    }
    return Finding.fail(
        "ranged reads",
        flaw,
        "blocks are read by range: take another provider, or look at the proxy in between");
  }

  private @Nullable String rangeFlaw(byte[] body, ByteRange range, int from, int to, String what) {
    byte[] got = area.get("ranges", range);
    return Arrays.equals(got, Arrays.copyOfRange(body, from, to))
        ? null
        : what + " came wrong: " + got.length + " bytes instead of these " + (to - from);
  }

  Finding lists() {
    var expected = new ArrayList<String>();
    for (int i = 0; i < LISTED; i++) {
      String name = "list/" + i;
      var _ = area.put(name, ProbeArea.bytes(name), PutCondition.always());
      expected.add(area.prefix() + name);
      List<String> found = keys(LISTED + 1);
      if (!found.equals(expected)) {
        return Finding.fail("list", "right after a put, missing or extra: " + found, INCONSISTENT);
      }
    }
    List<String> paged = keys(PAGE);
    if (!paged.equals(expected)) {
      return Finding.fail(
          "list",
          "in pages of " + PAGE + " came " + paged.size() + " of " + LISTED + " keys",
          "deleting a volume goes by list: it would leave objects behind, or not end");
    }
    while (!expected.isEmpty()) {
      String key = expected.removeLast();
      area.delete(key.substring(area.prefix().length()));
      if (!keys(LISTED + 1).equals(expected)) {
        return Finding.fail("list", "right after a delete the key is still listed", INCONSISTENT);
      }
    }
    return Finding.ok("list", "right after each put and delete, and page by page");
  }

  private List<String> keys(int pageKeys) {
    var keys = new ArrayList<String>();
    String continuation = null;
    do {
      ListPage page =
          ProbeArea.await(
              area.store()
                  .list(area.prefix() + "list/", continuation, pageKeys, ProbeArea.OPTIONS));
      page.objects().forEach(object -> keys.add(object.key()));
      continuation = page.continuation();
    } while (continuation != null && keys.size() <= LISTED);
    return keys;
  }

  Finding overwrites() {
    for (int i = 0; i < OVERWRITES; i++) {
      byte[] body = ProbeArea.bytes("version " + i);
      var _ = area.put("overwritten", body, PutCondition.always());
      byte[] got = area.get("overwritten");
      if (!Arrays.equals(got, body)) {
        return Finding.fail(
            "read after write", "a read brought what was there before the write", INCONSISTENT);
      }
    }
    return Finding.ok("read after write", OVERWRITES + " times the newest came");
  }

  Finding checksum() {
    if (facts == null) {
      return Finding.skip("checksum", "a directory's files carry a CRC-32C of their own");
    }
    byte[] body = randomBytes(1000);
    BucketFacts.Answer answer = facts.putDamaged(area.key("damaged"), body);
    if (answer.isSuccess()) {
      return Finding.warn(
          "checksum",
          "a put whose CRC-32C did not match was stored: what is damaged on its way is found only"
              + " when it is read",
          "TLS (https://) protects the way; `isthmus volume scrub` finds the rest");
    }
    var _ = area.put("whole", body, PutCondition.always());
    boolean kept = !facts.storedChecksum(area.key("whole")).isEmpty();
    return Finding.ok(
        "checksum",
        "a put whose CRC-32C did not match was refused (%s); a read of a whole object %s"
            .formatted(
                answer, kept ? "brings it back" : "does not bring it back, our own is used"));
  }
}
