package dev.isthmus.blocktranslation.formatreader;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;

/** Reads checkpoints. Threading: one thread. */
final class CheckpointReader {

  private static final int HEADER_BYTES = 256;
  private static final int RUN_BYTES = 64;
  private static final int SEGMENT_BYTES = 32;
  private static final int DOOMED_BYTES = 32;

  private final Fields object;
  private final Fields header;

  private CheckpointReader(Fields object) {
    this.object = object;
    this.header = object.part("header", 0, HEADER_BYTES);
  }

  static Checkpoint read(Fields object, ObjectNames.Name name, ManifestText manifest) {
    return new CheckpointReader(object).checkpoint(name, manifest);
  }

  private Checkpoint checkpoint(ObjectNames.Name name, ManifestText manifest) {
    header.magic("ISTHCKP1");
    header.ownCrc("headerCrc", 12);
    header.expect("version", header.u16(8), 1);
    header.expect("flags", header.u16(10), 0);
    header.expect("volume", header.uuid(16), manifest.volume());
    header.expect("keyEpoch", header.bits64(104), name.epochOrSequence());
    header.expect("keyNonce", header.bits64(112), name.nonce());
    header.zeroes("reserved", 152, 104);
    long runs = header.u32(120);
    long segments = header.u32(124);
    long doomed = header.u32(128);
    header.require(runs <= 65_536, "runCount", runs);
    header.require(segments <= 8_388_608, "segmentCount", segments);
    header.require(doomed <= 1_048_576, "doomedCount", doomed);
    long totalLength = header.u64("totalLength", 136);
    header.expect(
        "totalLength",
        totalLength,
        HEADER_BYTES + RUN_BYTES * runs + SEGMENT_BYTES * segments + DOOMED_BYTES * doomed);
    header.expect("totalLength", totalLength, (long) object.length());
    object.part("body", HEADER_BYTES, totalLength - HEADER_BYTES).crc("bodyCrc", header.u32(132));
    Chain.Position position = position(name, manifest);
    long segmentsAt = HEADER_BYTES + RUN_BYTES * runs;
    return new Checkpoint(
        object,
        name,
        position,
        durableLsn(),
        parts((int) runs),
        segmentLines(segmentsAt, (int) segments, position),
        doomed(segmentsAt + SEGMENT_BYTES * segments, (int) doomed, position));
  }

  private long durableLsn() {
    return header.u64("durableLsn", 144);
  }

  private Chain.Position position(ObjectNames.Name name, ManifestText manifest) {
    var position =
        new Chain.Position(
            header.u64("nextSequence", 72),
            header.u64("sequence", 64),
            header.u64("lastLsn", 80),
            header.u64("epoch", 48),
            header.uuid(32),
            header.u64("incarnation", 56),
            header.u64("sizeSectors", 96));
    header.u64("lastTime", 88);
    header.require(position.slot() > position.sequence(), "nextSequence", position.slot());
    header.require(position.epoch() <= name.epochOrSequence(), "epoch", position.epoch());
    header.require(name.epochOrSequence() <= manifest.epoch(), "keyEpoch", name.epochOrSequence());
    boolean nothing = position.sequence() == 0;
    header.expect("epoch", position.epoch() == 0, nothing);
    header.expect("writer", position.writer().equals(new UUID(0, 0)), nothing);
    header.require(!nothing || durableLsn() == 0, "durableLsn", durableLsn());
    return position;
  }

  private List<Checkpoint.Part> parts(int count) {
    var parts = new ArrayList<Checkpoint.Part>();
    var names = new HashSet<ObjectNames.Name>();
    int runBefore = -1;
    long endBefore = 0;
    long level = 0;
    for (int i = 0; i < count; i++) {
      Fields entry = object.part("runs[" + i + "]", HEADER_BYTES + (long) i * RUN_BYTES, RUN_BYTES);
      var part =
          new Checkpoint.Part(
              (int) entry.u32(0),
              new ObjectNames.Name(
                  ObjectNames.Kind.RUN_PART, entry.u64("epoch", 8), entry.bits64(16)),
              entry.u64("totalLength", 24),
              entry.u64("entryCount", 32),
              entry.u64("firstSector", 40),
              entry.u64("endSector", 48),
              entry.u32(56),
              entry.u32(60));
      entry.require(part.run() == runBefore || part.run() == runBefore + 1, "run", part.run());
      boolean sameRun = part.run() == runBefore;
      entry.require(!sameRun || part.firstSector() >= endBefore, "firstSector", part.firstSector());
      entry.require(part.endSector() > part.firstSector(), "endSector", part.endSector());
      entry.require(names.add(part.name()), "nonce", "twice");
      entry.require(!sameRun || entry.u32(4) == level, "level", entry.u32(4));
      level = entry.u32(4);
      runBefore = part.run();
      endBefore = part.endSector();
      parts.add(part);
    }
    return parts;
  }

  private List<Checkpoint.SegmentLine> segmentLines(
      long offset, int count, Chain.Position position) {
    var lines = new ArrayList<Checkpoint.SegmentLine>();
    long before = 0;
    for (int i = 0; i < count; i++) {
      Fields entry =
          object.part("segments[" + i + "]", offset + (long) i * SEGMENT_BYTES, SEGMENT_BYTES);
      var line =
          new Checkpoint.SegmentLine(
              entry.u64("sequence", 0),
              entry.u64("epoch", 8),
              entry.u64("liveSectors", 16),
              entry.u32(24),
              entry.u32(28));
      entry.require(
          line.sequence() > before && line.sequence() <= position.sequence(),
          "sequence",
          line.sequence());
      entry.require(line.liveSectors() <= line.dataSectors(), "liveSectors", line.liveSectors());
      before = line.sequence();
      lines.add(line);
    }
    return lines;
  }

  private List<Checkpoint.Doomed> doomed(long offset, int count, Chain.Position position) {
    var doomed = new ArrayList<Checkpoint.Doomed>();
    for (int i = 0; i < count; i++) {
      Fields entry =
          object.part("doomed[" + i + "]", offset + (long) i * DOOMED_BYTES, DOOMED_BYTES);
      entry.zeroes("reserved", 1, 7);
      ObjectNames.Kind kind =
          switch (entry.u8(0)) {
            case 1 -> ObjectNames.Kind.SEGMENT;
            case 2 -> ObjectNames.Kind.RUN_PART;
            case 3 -> ObjectNames.Kind.CHECKPOINT;
            default -> throw entry.damage("kind", "is " + entry.u8(0));
          };
      var name = new ObjectNames.Name(kind, entry.u64("epoch", 8), entry.bits64(16));
      if (kind == ObjectNames.Kind.SEGMENT) {
        entry.expect("nonce", name.nonce(), 0L);
        entry.require(
            name.epochOrSequence() <= position.sequence(), "epoch", name.epochOrSequence());
      }
      doomed.add(new Checkpoint.Doomed(name, entry.u64("time", 24)));
    }
    return doomed;
  }
}
