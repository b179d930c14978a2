package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.MapWalk;
import dev.isthmus.blocktranslation.map.PartFlaw;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartName;
import dev.isthmus.blocktranslation.map.RunInfo;
import dev.isthmus.blocktranslation.map.RunPartReader;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The map's parts, each whole; and walks over the map, which gather what names a stretch of
 * segments. Threading: confined to the scrub's thread.
 */
final class MapScrub {

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Tries of a walk while the bucket is out of reach: half an hour with their deadlines. */
  private static final int MAX_WALKS = 30;

  /** A page has 127: chunks that are read before they are wanted are paid for all the same. */
  private static final int ENTRIES_BETWEEN_LOOKS = 4096;

  private final ScrubTarget target;
  private final ScrubReads reads;
  private final ScrubLedger ledger;
  private final Reporter reporter;
  private final Set<PartName> checked = new HashSet<>();
  private boolean strangersTold;
  private long taken;

  MapScrub(ScrubTarget target, ScrubReads reads, ScrubLedger ledger, Reporter reporter) {
    this.target = target;
    this.reads = reads;
    this.ledger = ledger;
    this.reporter = reporter;
  }

  /** What a walk came to. */
  sealed interface Walked {
    /** The extents are gathered. */
    record Whole(EntryWindow window) implements Walked {}

    /** A newer checkpoint took this one's place, and parts of it are gone: walk that one. */
    record Superseded(BucketState now) implements Walked {}

    /** A part is damaged, which is told: nothing can be compared with the map. */
    record Damaged() implements Walked {}
  }

  /** Checks all parts that kept checkpoints name and that were not checked yet. */
  void parts(BucketState state) {
    for (int i = 0; i < state.kept().size(); i++) {
      for (RunInfo run : state.kept().get(i).map().runs()) {
        for (PartInfo part : run.parts()) {
          if (checked.add(part.name())) {
            part(state, part, i == 0);
          }
        }
      }
    }
  }

  private void part(BucketState state, PartInfo part, boolean newest) {
    String key = Keys.run(state.manifest().volume(), part.name().epoch(), part.name().nonce());
    List<PartFlaw> flaws = List.of();
    for (int tries = 0; tries < 2; tries++) {
      ScrubReads.Fetched fetched = reads.read(key, part.totalLengthBytes());
      StoredObject object = fetched.object();
      if (object != null) {
        flaws = RunPartReader.flaws(part, state.manifest().volume(), object.body());
      } else if (fetched.isAbsent()) {
        flaws = List.of(PartFlaw.ofAll(part, "it is missing"));
      } else {
        flaws = List.of(PartFlaw.ofAll(part, String.valueOf(fetched.damage())));
      }
      if (flaws.isEmpty()) {
        break;
      }
      if (fetched.isAbsent() && !isStillNamed(part)) {
        ledger.done(part.totalLengthBytes());
        return;
      }
    }
    ledger.done(part.totalLengthBytes());
    if (!flaws.isEmpty()) {
      reporter.part(reads.fullKey(key), flaws, newest);
    }
  }

  private boolean isStillNamed(PartInfo part) {
    return BucketState.read(reads, target.where()).kept().stream()
        .flatMap(checkpoint -> checkpoint.map().runs().stream())
        .anyMatch(run -> run.parts().contains(part));
  }

  /** Gathers the live extents of a stretch of segments. */
  Walked walk(
      BucketState state, Checkpoint checkpoint, Function<List<SegmentUsage>, EntryWindow> windows) {
    for (int tries = 1; ; tries++) {
      EntryWindow window = windows.apply(checkpoint.map().segments());
      try {
        MapWalk.forEach(
            checkpoint.map(),
            reads.pages(state.manifest().volume()),
            read -> {
              reads.await(read);
              reads.pace();
            },
            extent -> take(window, extent));
        window.sort();
        strangersTold = true;
        return new Walked.Whole(window);
      } catch (DeviceException.Corrupt damage) {
        String absent = reads.takeAbsentPart();
        BucketState now = BucketState.read(reads, target.where());
        if (absent != null && !now.sameNewest(state)) {
          return new Walked.Superseded(now);
        }
        parts(state);
        return new Walked.Damaged();
      } catch (DeviceException.Unavailable outage) {
        if (tries == MAX_WALKS) {
          throw outage;
        }
        reads.waitOut(String.valueOf(outage.getMessage()), RETRY_NANOS);
      }
    }
  }

  private void take(EntryWindow window, Extent extent) {
    if (++taken % ENTRIES_BETWEEN_LOOKS == 0) {
      reads.pace();
    }
    if (extent.source() != 0) {
      stranger(extent, "it names source volume " + extent.source() + ", which is not known");
      return;
    }
    switch (window.add(extent)) {
      case TAKEN -> {}
      case UNKNOWN_SEGMENT ->
          stranger(
              extent,
              "it names segment " + extent.segment() + ", which the checkpoint does not have");
      case TOO_MANY ->
          // Met in the one walk in which its segment is the first.
          mapEntry(
              extent, "more extents than a segment has sectors name segment " + extent.segment());
    }
  }

  /** Every walk meets it: told in the first one. */
  private void stranger(Extent extent, String flaw) {
    if (!strangersTold) {
      mapEntry(extent, flaw);
    }
  }

  private void mapEntry(Extent extent, String flaw) {
    reporter.add(
        new ScrubFinding(
            Kind.MAP_ENTRY,
            Severity.LOST,
            target.keyPrefix(),
            0,
            0,
            extent.sector(),
            extent.sectorCount(),
            "an entry of the map: " + flaw,
            "reads of these sectors fail"));
  }
}
