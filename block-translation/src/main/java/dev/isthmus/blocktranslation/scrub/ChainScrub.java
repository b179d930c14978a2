package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The segments and fences behind the newest checkpoint: each by itself, and that it follows the one
 * before (docs/FORMAT.md, "Reading the chain"). Threading: confined to the scrub's thread.
 */
final class ChainScrub {

  /** Most slots read where nobody says how far the owner is: it may write faster than we read. */
  private static final int MAX_SLOTS = 4096;

  private final ScrubTarget target;
  private final ScrubReads reads;
  private final ScrubLedger ledger;
  private final Reporter reporter;
  private final Manifest manifest;
  private final long committed;
  private final Manifest.@Nullable CheckpointRef floor;
  private long slot;
  private long epoch;
  private UUID writer;
  private long lastLsn;

  ChainScrub(
      ScrubTarget target,
      ScrubReads reads,
      ScrubLedger ledger,
      Reporter reporter,
      BucketState state,
      long committed) {
    this.target = target;
    this.reads = reads;
    this.ledger = ledger;
    this.reporter = reporter;
    this.manifest = state.manifest();
    this.committed = committed;
    this.floor = manifest.checkpoints().isEmpty() ? null : manifest.checkpoints().getFirst();
    Checkpoint from = state.newest();
    this.slot = from == null ? 1 : from.nextSequence();
    this.epoch = from == null ? 0 : from.epoch();
    this.writer = from == null ? Manifest.NIL : from.writer();
    this.lastLsn = from == null ? 0 : from.lastLsn();
  }

  void run() {
    ledger.throughLsn(lastLsn);
    for (int i = 0; i < MAX_SLOTS && (committed == 0 || slot <= committed); i++) {
      if (!next()) {
        return;
      }
      ledger.throughLsn(lastLsn);
    }
  }

  /** Checks what lies at the slot; false at the end of what can be followed. */
  private boolean next() {
    String key = Keys.segment(manifest.volume(), slot);
    ScrubReads.Fetched fetched = reads.read(key, 0);
    if (fetched.isAbsent()) {
      absent(key);
      return false;
    }
    SegmentCheck check = check(fetched.object());
    List<SegmentCheck.Flaw> flaws = check == null ? List.of() : check.run(null, true);
    if (check == null || !flaws.isEmpty()) {
      // Once more, before it counts.
      fetched = reads.read(key, 0);
      check = check(fetched.object());
      flaws = check == null ? List.of() : check.run(null, true);
    }
    if (check == null) {
      broken(key, fetched.damage() == null ? "it vanished" : fetched.damage());
      return false;
    }
    reporter.segment(reads.fullKey(key), flaws, true);
    SegmentHeader header = check.header();
    return header != null && follows(key, header);
  }

  private @Nullable SegmentCheck check(@Nullable StoredObject object) {
    if (object == null) {
      return null;
    }
    ledger.done(object.body().byteSize());
    return new SegmentCheck(manifest.volume(), slot, object.body());
  }

  private boolean follows(String key, SegmentHeader header) {
    String flaw = header.flawAfter(epoch, writer, lastLsn);
    if (flaw == null
        && header.kind() == SegmentHeader.FENCE
        && header.epoch() > manifest.epoch()
        && header.epoch() > BucketState.manifest(reads, target.where()).epoch()) {
      flaw = "a fence of an epoch that the manifest does not know";
    }
    if (flaw != null) {
      broken(key, flaw);
      return false;
    }
    slot = header.nextSequence();
    epoch = header.epoch();
    writer = header.writer();
    lastLsn = header.lastLsn();
    return true;
  }

  /** No object there: the end, if the chain may end here. */
  private void absent(String key) {
    boolean belowFloor = floor != null && (slot <= floor.sequence() || lastLsn < floor.lastLsn());
    if (!belowFloor && slot > committed) {
      return;
    }
    // The owner may have gone on since: what a newer checkpoint covers, its own table tells.
    BucketState now = BucketState.read(reads, target.where());
    Checkpoint newest = now.newest();
    if (newest != null && newest.sequence() >= slot && !now.names(slot)) {
      return;
    }
    if (reads.read(key, 0).isAbsent()) {
      broken(key, "it is missing; the chain goes on behind it");
    }
  }

  private void broken(String key, String what) {
    boolean online = committed > 0;
    reporter.add(
        new ScrubFinding(
            Kind.CHAIN,
            online ? Severity.ENDANGERED : Severity.LOST,
            reads.fullKey(key),
            0,
            0,
            0,
            0,
            what,
            Reporter.chainMeaning(online)));
  }
}
