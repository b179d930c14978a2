package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Objects below the volume that nothing names (docs/FORMAT.md, "Checkpoint"): told, never deleted.
 * What the present owner wrote may yet be named, and is left alone; what has no key of a volume's
 * object, those of another volume below this one among it, is only counted. Threading: confined to
 * the scrub's thread.
 */
final class OrphanScrub {

  private static final String OTHER_UUID =
      "it is of another UUID: left of a deleted volume of this name, or of an import";

  private final ScrubTarget target;
  private final ScrubReads reads;
  private final Reporter reporter;
  private final BucketState state;
  private final UUID volume;
  private final Set<String> named = new HashSet<>();
  private ListPage.@Nullable ListedObject firstForeign;
  private long foreignObjects;
  private long foreignBytes;

  OrphanScrub(ScrubTarget target, ScrubReads reads, Reporter reporter, BucketState state) {
    this.target = target;
    this.reads = reads;
    this.reporter = reporter;
    this.state = state;
    this.volume = state.manifest().volume();
    for (Manifest.CheckpointRef ref : state.manifest().checkpoints()) {
      named.add(Keys.checkpoint(volume, ref.epoch(), ref.nonce()));
    }
    for (Checkpoint checkpoint : state.kept()) {
      for (Checkpoint.Doomed doomed : checkpoint.doomed()) {
        named.add(volume + "/" + doomed.key());
      }
      checkpoint
          .map()
          .runs()
          .forEach(run ->
              run.parts()
                  .forEach(part ->
                      named.add(Keys.run(volume, part.name().epoch(), part.name().nonce()))));
    }
  }

  void run() {
    String continuation = null;
    do {
      ListPage page = reads.list(continuation);
      for (ListPage.ListedObject object : page.objects()) {
        String key = object.key().substring(target.keyPrefix().length());
        Keys.ObjectName name = Keys.parse(key);
        UUID probe = Keys.probeOf(key);
        if (name == null && probe == null && !key.equals(Keys.MANIFEST)) {
          foreign(object);
        }
        String why =
            probe != null && !probe.equals(volume)
                ? OTHER_UUID
                : name == null ? null : flaw(key, name, object.lengthBytes());
        if (why != null) {
          reporter.add(
              new ScrubFinding(
                  Kind.ORPHAN,
                  Severity.SURPLUS,
                  object.key(),
                  0,
                  object.lengthBytes(),
                  0,
                  0,
                  why,
                  "it takes " + object.lengthBytes() + " bytes for nothing; no read uses it"));
        }
      }
      continuation = page.continuation();
    } while (continuation != null);
    tellForeign();
  }

  private void foreign(ListPage.ListedObject object) {
    firstForeign = firstForeign == null ? object : firstForeign;
    foreignObjects++;
    foreignBytes += object.lengthBytes();
  }

  /** In one finding: another volume may have more objects than findings are kept. */
  private void tellForeign() {
    if (firstForeign != null) {
      reporter.add(
          new ScrubFinding(
              Kind.ORPHAN,
              Severity.FOREIGN,
              firstForeign.key(),
              0,
              firstForeign.lengthBytes(),
              0,
              0,
              "not of this volume: %d objects of %d bytes below its prefix, this the first"
                  .formatted(foreignObjects, foreignBytes),
              "they are left alone; as long as they are there, the volume can't be deleted"));
    }
  }

  private @Nullable String flaw(String key, Keys.ObjectName name, long lengthBytes) {
    if (named.contains(key)) {
      return null;
    }
    if (!name.volume().equals(volume)) {
      return OTHER_UUID;
    }
    if (name.kind() == Checkpoint.Kind.SEGMENT) {
      return segmentFlaw(key, name.number(), lengthBytes);
    }
    return name.number() >= state.manifest().epoch()
        ? null
        : "no checkpoint that is kept names it, and its owner has ended";
  }

  private @Nullable String segmentFlaw(String key, long sequence, long lengthBytes) {
    Checkpoint newest = state.newest();
    if (newest == null || sequence > newest.sequence() || state.names(sequence)) {
      return null;
    }
    StoredObject object =
        lengthBytes == SegmentHeader.BYTES ? reads.read(key, lengthBytes).object() : null;
    if (object != null) {
      try {
        SegmentHeader header = SegmentHeader.decode(object.body(), volume, sequence);
        if (header.kind() == SegmentHeader.FENCE) {
          return null; // never deleted
        }
      } catch (FormatException e) {
        return "neither a segment that a checkpoint names nor a fence: " + e.getMessage();
      }
    }
    return "a segment that no checkpoint names: it came too late, or nothing of it is in use";
  }
}
