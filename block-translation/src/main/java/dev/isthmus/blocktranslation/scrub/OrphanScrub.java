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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Objects below the volume that nothing names (docs/FORMAT.md, "Checkpoint"): told, never deleted.
 * What the present owner wrote may yet be named, and is left alone. Threading: confined to the
 * scrub's thread.
 */
final class OrphanScrub {

  private static final Pattern NUMBERED = Pattern.compile("segments/([0-9a-f]{16})");
  private static final Pattern NAMED =
      Pattern.compile("(?:runs|checkpoints)/([0-9a-f]{16})-[0-9a-f]{16}");

  private final ScrubTarget target;
  private final ScrubReads reads;
  private final Reporter reporter;
  private final BucketState state;
  private final UUID volume;
  private final Set<String> named = new HashSet<>();

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
        String why = flaw(key, object.lengthBytes());
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
  }

  private @Nullable String flaw(String key, long lengthBytes) {
    String prefix = volume + "/";
    if (key.equals(Keys.MANIFEST) || named.contains(key)) {
      return null;
    }
    String rest = key.startsWith(prefix) ? key.substring(prefix.length()) : "";
    Matcher numbered = NUMBERED.matcher(rest);
    if (numbered.matches()) {
      return segmentFlaw(key, Long.parseUnsignedLong(numbered.group(1), 16), lengthBytes);
    }
    Matcher other = NAMED.matcher(rest);
    if (other.matches()) {
      long epoch = Long.parseUnsignedLong(other.group(1), 16);
      return epoch >= state.manifest().epoch()
          ? null
          : "no checkpoint that is kept names it, and its owner has ended";
    }
    return rest.isEmpty() ? "it is no object of this volume" : "no object has such a key";
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
