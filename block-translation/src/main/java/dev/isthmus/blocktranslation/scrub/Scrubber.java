package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads all that a volume is in its bucket, and compares it (docs/adr/0012-scrub.md): manifest and
 * checkpoints; the chain behind them; the map's parts; then every segment whole, beside the live
 * extents that name it.
 *
 * <p>The owner goes on meanwhile. What was there as the scrub began is checked, by the newest
 * checkpoint of each moment: objects never change, what a newer checkpoint names of an older
 * segment is a part of what older ones named, and something missing counts only if it is still
 * named when that is looked at again. Threading: confined to the scrub's thread; blocks.
 */
final class Scrubber {

  private final ScrubTarget target;
  private final ScrubSettings settings;
  private final ScrubLedger ledger;
  private final ScrubReads reads;
  private final Reporter reporter;
  private final MapScrub map;
  private final int maxEntries;
  private final long committed;

  /**
   * @param maxEntries of an {@link EntryWindow}
   */
  Scrubber(
      ScrubTarget target,
      ScrubSettings settings,
      ScrubLedger ledger,
      ScrubReads reads,
      int maxEntries) {
    this.target = target;
    this.settings = settings;
    this.ledger = ledger;
    this.reads = reads;
    this.maxEntries = maxEntries;
    this.committed = target.committedSequence().getAsLong();
    this.reporter = new Reporter(ledger, target.copies(), settings.repair(), committed > 0);
    this.map = new MapScrub(target, reads, ledger, reporter);
  }

  void run() {
    BucketState state = BucketState.read(reads, target.where());
    state.flaws().forEach(reporter::add);
    Checkpoint newest = state.newest();
    if (newest == null && !state.flaws().isEmpty()) {
      throw new DeviceException.Corrupt(
          target.where()
              + ": no checkpoint that the manifest names can be read, so nothing says which objects"
              + " are the disk");
    }
    plan(state);
    ledger.phase("chain");
    new ChainScrub(target, reads, ledger, reporter, state, committed).run();
    ledger.phase("map");
    map.parts(state);
    if (newest != null) {
      segments(state, newest.sequence());
      olderSegments(state);
    }
    if (settings.list()) {
      ledger.phase("listing");
      new OrphanScrub(target, reads, reporter, state).run();
    }
  }

  private void plan(BucketState state) {
    Checkpoint newest = state.newest();
    if (newest == null) {
      return;
    }
    long parts = 0;
    long entries = 0;
    for (var run : newest.map().runs()) {
      entries += run.entryCount();
      for (var part : run.parts()) {
        parts += part.totalLengthBytes();
      }
    }
    long walks = Math.max(1, (entries + maxEntries - 1) / maxEntries);
    ledger.planned(parts * (1 + walks));
    for (SegmentUsage segment : newest.map().segments()) {
      ledger.planned(segment.totalLengthBytes());
    }
  }

  /** All segments up to {@code end}, in stretches whose live extents fit into memory. */
  private void segments(BucketState begin, long end) {
    BucketState state = begin;
    long done = 0;
    while (true) {
      Checkpoint checkpoint = state.newest();
      if (checkpoint == null) {
        return; // told as a flaw when it was read
      }
      List<SegmentUsage> all = checkpoint.map().segments();
      int from = behind(all, done);
      int to = behind(all, end);
      if (from == to && done > 0) {
        return;
      }
      ledger.phase("map");
      int first = from;
      MapScrub.Walked walked =
          map.walk(state, checkpoint, segments -> new EntryWindow(segments, first, to, maxEntries));
      switch (walked) {
        case MapScrub.Walked.Superseded superseded -> state = superseded.now();
        case MapScrub.Walked.Damaged _ -> {
          stretch(state, all, from, to, null);
          return;
        }
        case MapScrub.Walked.Whole whole -> {
          stretch(state, all, from, whole.window().endIndex(), whole.window());
          if (whole.window().endIndex() >= to) {
            return;
          }
          done = all.get(whole.window().endIndex() - 1).sequence();
          state = BucketState.read(reads, target.where());
        }
      }
    }
  }

  /** Where in the list the first segment above {@code sequence} stands. */
  private static int behind(List<SegmentUsage> segments, long sequence) {
    int index = BucketState.indexOf(segments, sequence);
    return index >= 0 ? index + 1 : -index - 1;
  }

  /** Segments of the older checkpoint that the newest does not have any more. */
  private void olderSegments(BucketState state) {
    if (state.kept().size() < 2) {
      return;
    }
    var only = new ArrayList<SegmentUsage>();
    List<SegmentUsage> newest = state.kept().getFirst().map().segments();
    for (SegmentUsage segment : state.kept().get(1).map().segments()) {
      if (BucketState.indexOf(newest, segment.sequence()) < 0) {
        only.add(segment);
      }
    }
    stretch(state, only, 0, only.size(), null);
  }

  /**
   * Checks segments one after the other, the next being read meanwhile.
   *
   * @param window what names them; null if nobody knows
   */
  private void stretch(
      BucketState state,
      List<SegmentUsage> segments,
      int from,
      int to,
      @Nullable EntryWindow window) {
    ledger.phase("segments");
    ScrubReads.Sent ahead = null;
    for (int i = from; i < to; i++) {
      SegmentUsage usage = segments.get(i);
      ScrubReads.Sent read = ahead == null ? start(state, usage) : ahead;
      ahead = i + 1 < to ? start(state, segments.get(i + 1)) : null;
      segment(state, usage, i, read, window);
      ledger.done(usage.totalLengthBytes());
    }
  }

  private static String key(BucketState state, SegmentUsage usage) {
    return Keys.segment(state.manifest().volume(), usage.sequence());
  }

  private ScrubReads.Sent start(BucketState state, SegmentUsage usage) {
    return reads.start(key(state, usage), usage.totalLengthBytes());
  }

  private void segment(
      BucketState state,
      SegmentUsage usage,
      int index,
      ScrubReads.Sent read,
      @Nullable EntryWindow window) {
    UUID volume = state.manifest().volume();
    String key = key(state, usage);
    ScrubReads.Fetched fetched = reads.finish(read);
    List<SegmentCheck.Flaw> flaws = flaws(volume, usage, index, fetched, window);
    if (flaws != null && flaws.isEmpty()) {
      return;
    }
    // Once more, before it counts.
    fetched = reads.read(key, usage.totalLengthBytes());
    if (fetched.isAbsent() && !BucketState.read(reads, target.where()).names(usage.sequence())) {
      return; // deleted meanwhile
    }
    flaws = flaws(volume, usage, index, fetched, window);
    if (flaws == null) {
      unreadable(volume, usage, index, fetched, window);
    } else {
      reporter.segment(reads.fullKey(key), flaws, false);
    }
  }

  private static @Nullable List<SegmentCheck.Flaw> flaws(
      UUID volume,
      SegmentUsage usage,
      int index,
      ScrubReads.Fetched fetched,
      @Nullable EntryWindow window) {
    StoredObject object = fetched.object();
    if (object == null) {
      return null;
    }
    var check = new SegmentCheck(volume, usage.sequence(), object.body());
    if (window != null) {
      window.forEach(index, check::live);
    }
    return check.run(usage, window == null);
  }

  /** Without a byte of it: what names the segment is lost with it. */
  private void unreadable(
      UUID volume,
      SegmentUsage usage,
      int index,
      ScrubReads.Fetched fetched,
      @Nullable EntryWindow window) {
    String what = fetched.damage() == null ? "the segment is missing" : fetched.damage();
    String key = reads.fullKey(Keys.segment(volume, usage.sequence()));
    var flaws = new ArrayList<SegmentCheck.Flaw>();
    if (window != null) {
      window.forEach(
          index,
          (sector, count, offset, storedLength, sectorInFrame) ->
              flaws.add(
                  new SegmentCheck.Flaw(
                      Kind.FRAME,
                      offset,
                      storedLength,
                      sector,
                      count,
                      what,
                      new GoodCopies.FramePlace(
                          usage.sequence(), offset, storedLength, sector - sectorInFrame),
                      true)));
    }
    reporter.add(
        new ScrubFinding(
            Kind.SEGMENT,
            flaws.isEmpty() && window != null ? Severity.WEAKENED : Severity.LOST,
            key,
            0,
            usage.totalLengthBytes(),
            0,
            0,
            what,
            window == null
                ? "reads of what the map names of it fail"
                : flaws.size() + " live extents of the map name it"));
    reporter.segment(key, flaws, false);
  }
}
