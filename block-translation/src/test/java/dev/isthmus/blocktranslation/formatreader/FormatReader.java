package dev.isthmus.blocktranslation.formatreader;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * Judges a volume's whole bucket: reads every object, checks all that the page lets one check, and
 * rebuilds the disk from the segments alone and from each checkpoint on. Threading: one thread.
 */
final class FormatReader {

  /** What an object is for. */
  enum Role {
    MANIFEST,
    PROBE,
    DATA_SEGMENT,
    FENCE,
    /** In a slot that a fence made dead, or behind the chain's end. */
    OUTSIDE_CHAIN,
    KEPT_CHECKPOINT,
    NAMED_PART,
    DOOMED,
    /** A run part or checkpoint whose owner wrote no checkpoint after it was needed no more. */
    ORPHAN,
    /** As an orphan, of the present owner: its next checkpoint names or dooms it. */
    NOT_YET_NAMED
  }

  /**
   * What a bucket holds.
   *
   * @param end where the chain ends
   * @param runs of the newest checkpoint; 0 without any
   * @param durableLsn up to which the owner's log must reach
   */
  record Verdict(
      ManifestText manifest,
      Chain.Position end,
      DiskImage disk,
      Map<Role, Integer> objects,
      int runs,
      long durableLsn) {

    int count(Role role) {
      return objects.getOrDefault(role, 0);
    }
  }

  private final ObjectView view;
  private final ManifestText manifest;
  private final ObjectNames names;
  private final Chain chain;
  private final Map<String, Role> roles = new java.util.HashMap<>();

  private FormatReader(ObjectView view) {
    this.view = view;
    this.manifest = ManifestReader.read(view.require(ObjectNames.MANIFEST));
    this.names = new ObjectNames(manifest.volume());
    this.chain = new Chain(view, manifest);
  }

  /**
   * Reads everything.
   *
   * @throws DamageException at the first thing that is not as the page says
   */
  static Verdict judge(ObjectView view) {
    return new FormatReader(view).verdict();
  }

  private Verdict verdict() {
    roles.put(ObjectNames.MANIFEST, Role.MANIFEST);
    checkProbe();
    var segments = new ArrayList<Segment>();
    var disk = new DiskImage(manifest.sizeBytes() / DiskImage.SECTOR_BYTES);
    Chain.Position end =
        chain.walk(
            Chain.Position.start(disk.sizeSectors()),
            segment -> {
              segments.add(segment);
              Chain.apply(segment, disk);
            });
    for (Segment segment : segments) {
      roles.put(
          names.segment(segment.sequence()), segment.isFence() ? Role.FENCE : Role.DATA_SEGMENT);
    }
    int runs = 0;
    var kept = new ArrayList<Checkpoint>();
    for (ManifestText.CheckpointLine line : manifest.checkpoints()) {
      Checkpoint checkpoint = checkpoint(line);
      checkFrom(checkpoint, segments, end, disk);
      kept.add(checkpoint);
    }
    if (!kept.isEmpty() && !kept.getFirst().parts().isEmpty()) {
      runs = kept.getFirst().parts().getLast().run() + 1;
    }
    giveRoles(kept);
    return new Verdict(manifest, end, disk, count(), runs, checkTimes(segments));
  }

  /** It is there once the volume was opened at a real bucket, and holds one text alone. */
  private void checkProbe() {
    if (view.keys().contains(names.probe())) {
      roles.put(names.probe(), Role.PROBE);
      Fields probe = view.require(names.probe());
      byte[] text =
          ("isthmus-probe 1 " + names.volume() + "\n").getBytes(StandardCharsets.US_ASCII);
      probe.expect("length", probe.length(), text.length);
      probe.require(Arrays.equals(probe.raw(0, probe.length()), text), "text", "another one");
    }
  }

  /**
   * Checks what follows along the chain beside LSNs and owners; returns the highest durableLsn
   * since the newest fence.
   */
  private static long checkTimes(List<Segment> segments) {
    long time = 0;
    long durableLsn = 0;
    for (Segment segment : segments) {
      Fields object = segment.object();
      if (segment.isFence()) {
        object.expect("header.firstTime", segment.firstTime(), time);
        object.expect("header.lastTime", segment.lastTime(), time);
        object.require(
            segment.durableLsn() <= durableLsn, "header.durableLsn", segment.durableLsn());
        durableLsn = 0;
      }
      object.require(segment.firstTime() >= time, "header.firstTime", segment.firstTime());
      time = segment.lastTime();
      durableLsn = Math.max(durableLsn, segment.durableLsn());
    }
    return durableLsn;
  }

  private Checkpoint checkpoint(ManifestText.CheckpointLine line) {
    var name = new ObjectNames.Name(ObjectNames.Kind.CHECKPOINT, line.epoch(), line.nonce());
    Checkpoint checkpoint = CheckpointReader.read(view.require(names.key(name)), name, manifest);
    Fields object = checkpoint.object();
    object.expect("header.sequence", checkpoint.position().sequence(), line.sequence());
    object.expect("header.lastLsn", checkpoint.position().lastLsn(), line.lastLsn());
    object.expect(
        "storedBytes of the manifest",
        line.storedBytes(),
        checkpoint.segments().stream().mapToLong(Checkpoint.SegmentLine::totalLength).sum());
    return checkpoint;
  }

  /** What the checkpoint's map and the chain behind it make up is the same disk. */
  private void checkFrom(
      Checkpoint checkpoint, List<Segment> segments, Chain.Position end, DiskImage disk) {
    Fields object = checkpoint.object();
    Chain.Position position = checkpoint.position();
    var listed = checkpoint.segments().stream().map(Checkpoint.SegmentLine::sequence).toList();
    var doomed = new HashSet<>(checkpoint.doomed().stream().map(Checkpoint.Doomed::name).toList());
    var existing = new ArrayList<Long>();
    for (Segment segment : segments) {
      var name = new ObjectNames.Name(ObjectNames.Kind.SEGMENT, segment.sequence(), 0);
      if (segment.sequence() <= position.sequence()
          && !segment.isFence()
          && !doomed.contains(name)) {
        existing.add(segment.sequence());
      }
    }
    for (Checkpoint.Part part : checkpoint.parts()) {
      object.require(!doomed.contains(part.name()), "doomed", part.name());
    }
    object.require(!doomed.contains(checkpoint.name()), "doomed", checkpoint.name());
    object.expect("segments", listed, existing);
    segments.stream()
        .filter(s -> s.sequence() == position.sequence())
        .forEach(s -> {
          object.expect("header.epoch", position.epoch(), s.epoch());
          object.expect("header.writer", position.writer(), s.writer());
          object.expect("header.nextSequence", position.slot(), s.nextSequence());
          object.expect("header.lastLsn", position.lastLsn(), s.lastLsn());
          object.expect("header.sizeSectors", position.sizeSectors(), s.sizeSectors());
        });
    DiskImage image = new MapImage(view, manifest.volume(), chain, checkpoint).build();
    Chain.Position reached = chain.walk(position, segment -> Chain.apply(segment, image));
    object.expect("end of the chain", reached, end);
    String difference = disk.difference(image);
    object.expect(
        "header.durableLsn",
        checkpoint.durableLsn(),
        checkTimes(segments.stream().filter(s -> s.sequence() <= position.sequence()).toList()));
    object.require(difference == null, "content", "another than the segments' at " + difference);
  }

  private void giveRoles(List<Checkpoint> kept) {
    for (Checkpoint checkpoint : kept) {
      roles.put(names.key(checkpoint.name()), Role.KEPT_CHECKPOINT);
      checkpoint.parts().forEach(p -> roles.put(names.key(p.name()), Role.NAMED_PART));
    }
    for (Checkpoint checkpoint : kept) {
      checkpoint.doomed().forEach(d -> roles.putIfAbsent(names.key(d.name()), Role.DOOMED));
    }
    for (String key : view.keys()) {
      ObjectNames.Name name = names.parse(key);
      if (name != null) {
        roles.putIfAbsent(key, unnamed(name));
      }
    }
  }

  /** The role of what nothing names. */
  private Role unnamed(ObjectNames.Name name) {
    if (name.kind() == ObjectNames.Kind.SEGMENT) {
      return Role.OUTSIDE_CHAIN;
    }
    return name.epochOrSequence() < manifest.epoch() ? Role.ORPHAN : Role.NOT_YET_NAMED;
  }

  private Map<Role, Integer> count() {
    var counts = new EnumMap<Role, Integer>(Role.class);
    for (String key : view.keys()) {
      Role role = roles.get(key);
      if (role == null) {
        throw new DamageException(key, "key", "of nothing that the page knows");
      }
      counts.merge(role, 1, Integer::sum);
    }
    return counts;
  }
}
