package dev.isthmus.blocktranslation.format;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartName;
import dev.isthmus.blocktranslation.map.RunInfo;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Checkpoints as bytes, and back (docs/FORMAT.md, "Checkpoint"). */
public final class CheckpointCodec {

  /** Most parts of runs that a checkpoint names: 1,033 make a fully fragmented TiB. */
  public static final int MAX_PARTS = 65_536;

  /** Most segments: 64 TiB of segments of 8 MiB. */
  public static final int MAX_SEGMENTS = 8_388_608;

  /** Most doomed objects. */
  public static final int MAX_DOOMED = 1_048_576;

  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  /** {@code ISTHCKP1} as a little-endian number. */
  private static final long MAGIC = 0x31504B43_48545349L;

  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 256;
  private static final int RUN_BYTES = 64;
  private static final int SEGMENT_BYTES = 32;
  private static final int SEGMENT_WORDS = SEGMENT_BYTES / 8;
  private static final int DOOMED_BYTES = 32;
  private static final int RESERVED_FROM = 152;

  private CheckpointCodec() {}

  /**
   * The whole object, in memory of {@code arena}.
   *
   * @throws DeviceException.Exhausted if it has more entries than a checkpoint may
   */
  public static MemorySegment encode(Checkpoint checkpoint, Arena arena) {
    String flaw = flaw(checkpoint);
    if (flaw != null) {
      throw new IllegalArgumentException("a checkpoint: " + flaw);
    }
    checkpoint.map().requireConsistent();
    List<RunInfo> runs = checkpoint.map().runs();
    List<SegmentUsage> segments = checkpoint.map().segments();
    int partCount = partCount(runs);
    if (partCount > MAX_PARTS
        || segments.size() > MAX_SEGMENTS
        || checkpoint.doomed().size() > MAX_DOOMED) {
      throw new DeviceException.Exhausted(
          "a checkpoint of %d parts, %d segments and %d doomed objects"
              .formatted(partCount, segments.size(), checkpoint.doomed().size()));
    }
    long total = lengthBytes(checkpoint);
    MemorySegment bytes = arena.allocate(total, 8);
    long at = HEADER_BYTES;
    for (int run = 0; run < runs.size(); run++) {
      for (PartInfo part : runs.get(run).parts()) {
        putPart(bytes, at, run, runs.get(run).level(), part);
        at += RUN_BYTES;
      }
    }
    for (SegmentUsage segment : segments) {
      putSegment(bytes, at, segment);
      at += SEGMENT_BYTES;
    }
    for (Checkpoint.Doomed doomed : checkpoint.doomed()) {
      putDoomed(bytes, at, doomed);
      at += DOOMED_BYTES;
    }
    putHeader(bytes, checkpoint, total, partCount);
    return bytes;
  }

  /** Length of the whole object. */
  public static long lengthBytes(Checkpoint checkpoint) {
    return totalLength(
        partCount(checkpoint.map().runs()),
        checkpoint.map().segments().size(),
        checkpoint.doomed().size());
  }

  private static int partCount(List<RunInfo> runs) {
    return runs.stream().mapToInt(run -> run.parts().size()).sum();
  }

  private static void putHeader(
      MemorySegment bytes, Checkpoint checkpoint, long total, int partCount) {
    bytes.set(U64, 0, MAGIC);
    bytes.set(U16, 8, (short) VERSION);
    bytes.set(U16, 10, (short) (checkpoint.insideInconsistent() ? 1 : 0));
    putUuid(bytes, 16, checkpoint.volume());
    putUuid(bytes, 32, checkpoint.writer());
    bytes.set(U64, 48, checkpoint.epoch());
    bytes.set(U64, 56, checkpoint.incarnation());
    bytes.set(U64, 64, checkpoint.sequence());
    bytes.set(U64, 72, checkpoint.nextSequence());
    bytes.set(U64, 80, checkpoint.lastLsn());
    bytes.set(U64, 88, checkpoint.lastTimeNanos());
    bytes.set(U64, 96, checkpoint.sizeSectors());
    bytes.set(U64, 104, checkpoint.keyEpoch());
    bytes.set(U64, 112, checkpoint.keyNonce());
    bytes.set(U32, 120, partCount);
    bytes.set(U32, 124, checkpoint.map().segments().size());
    bytes.set(U32, 128, checkpoint.doomed().size());
    bytes.set(U32, 132, crc(bytes, HEADER_BYTES, total - HEADER_BYTES));
    bytes.set(U64, 136, total);
    bytes.set(U64, 144, checkpoint.durableLsn());
    bytes.set(U32, 12, crc(bytes, 0, HEADER_BYTES));
  }

  private static void putPart(MemorySegment bytes, long at, int run, int level, PartInfo part) {
    bytes.set(U32, at, run);
    bytes.set(U32, at + 4, level);
    bytes.set(U64, at + 8, part.name().epoch());
    bytes.set(U64, at + 16, part.name().nonce());
    bytes.set(U64, at + 24, part.totalLengthBytes());
    bytes.set(U64, at + 32, part.entryCount());
    bytes.set(U64, at + 40, part.firstSector());
    bytes.set(U64, at + 48, part.endSector());
    bytes.set(U32, at + 56, part.pageCount());
    bytes.set(U32, at + 60, part.headerCrc());
  }

  private static void putSegment(MemorySegment bytes, long at, SegmentUsage segment) {
    bytes.set(U64, at, segment.sequence());
    bytes.set(U64, at + 8, segment.epoch());
    bytes.set(U64, at + 16, segment.liveSectors());
    bytes.set(U32, at + 24, segment.totalLengthBytes());
    bytes.set(U32, at + 28, segment.dataSectors());
  }

  private static void putDoomed(MemorySegment bytes, long at, Checkpoint.Doomed doomed) {
    bytes.set(ValueLayout.JAVA_BYTE, at, (byte) doomed.kind().code);
    bytes.set(U64, at + 8, doomed.epoch());
    bytes.set(U64, at + 16, doomed.nonce());
    bytes.set(U64, at + 24, doomed.timeNanos());
  }

  /**
   * Reads a whole object. The caller compares volume and key with those that it asked for.
   *
   * @throws DeviceException.Corrupt naming the first thing that is wrong
   */
  public static Checkpoint decode(MemorySegment bytes) {
    require(bytes.byteSize() >= HEADER_BYTES, "an object of " + bytes.byteSize() + " bytes");
    require(bytes.get(U64, 0) == MAGIC, "no such magic");
    int version = Short.toUnsignedInt(bytes.get(U16, 8));
    require(version == VERSION, "version " + version + " is unknown");
    require(bytes.get(U32, 12) == headerCrc(bytes), "the header's CRC is wrong");
    int flags = Short.toUnsignedInt(bytes.get(U16, 10));
    require(flags <= 1, "unknown flags " + flags);
    for (int at = RESERVED_FROM; at < HEADER_BYTES; at += 8) {
      require(bytes.get(U64, at) == 0, "reserved bytes are not zero");
    }
    int partCount = count(bytes, 120, MAX_PARTS, "parts");
    int segmentCount = count(bytes, 124, MAX_SEGMENTS, "segments");
    int doomedCount = count(bytes, 128, MAX_DOOMED, "doomed objects");
    long total = totalLength(partCount, segmentCount, doomedCount);
    require(
        bytes.get(U64, 136) == total && bytes.byteSize() == total,
        "it is cut, or goes on behind its end");
    require(
        bytes.get(U32, 132) == crc(bytes, HEADER_BYTES, total - HEADER_BYTES),
        "the body's CRC is wrong");
    long segmentsAt = HEADER_BYTES + (long) partCount * RUN_BYTES;
    long doomedAt = segmentsAt + (long) segmentCount * SEGMENT_BYTES;
    var map =
        new MapDescription(
            bytes.get(U64, 64), runs(bytes, partCount), segments(bytes, segmentsAt, segmentCount));
    map.requireConsistent();
    var checkpoint =
        new Checkpoint(
            getUuid(bytes, 16),
            getUuid(bytes, 32),
            bytes.get(U64, 48),
            bytes.get(U64, 56),
            bytes.get(U64, 72),
            bytes.get(U64, 80),
            bytes.get(U64, 88),
            bytes.get(U64, 144),
            bytes.get(U64, 96),
            bytes.get(U64, 104),
            bytes.get(U64, 112),
            flags == 1,
            map,
            doomed(bytes, doomedAt, doomedCount));
    String flaw = flaw(checkpoint);
    require(flaw == null, String.valueOf(flaw));
    return checkpoint;
  }

  /**
   * Reads the whole object that a manifest names.
   *
   * @throws DeviceException.Corrupt naming the first thing that is wrong; another checkpoint than
   *     the one named, too
   */
  public static Checkpoint decode(MemorySegment bytes, UUID volume, Manifest.CheckpointRef named) {
    Checkpoint checkpoint = decode(bytes, volume, named.epoch(), named.nonce());
    require(
        checkpoint.sequence() == named.sequence() && checkpoint.lastLsn() == named.lastLsn(),
        "it is not the one that the manifest names");
    return checkpoint;
  }

  /** Decodes one, which must be what its key says. */
  public static Checkpoint decode(MemorySegment bytes, UUID volume, long epoch, long nonce) {
    Checkpoint checkpoint = decode(bytes);
    require(
        checkpoint.volume().equals(volume)
            && checkpoint.keyEpoch() == epoch
            && checkpoint.keyNonce() == nonce,
        "it is another one than its name says");
    return checkpoint;
  }

  private static List<RunInfo> runs(MemorySegment bytes, int count) {
    var runs = new ArrayList<RunInfo>();
    var parts = new ArrayList<PartInfo>();
    int level = 0;
    for (int i = 0; i < count; i++) {
      long at = HEADER_BYTES + (long) i * RUN_BYTES;
      int run = bytes.get(U32, at);
      if (run == runs.size() + 1 && !parts.isEmpty()) {
        runs.add(new RunInfo(level, parts));
        parts.clear();
      }
      require(run == runs.size(), "part " + i + " is of run " + run);
      require(
          parts.isEmpty() || level == bytes.get(U32, at + 4), "parts of one run differ in level");
      level = bytes.get(U32, at + 4);
      parts.add(
          new PartInfo(
              new PartName(bytes.get(U64, at + 8), bytes.get(U64, at + 16)),
              bytes.get(U64, at + 24),
              bytes.get(U64, at + 32),
              bytes.get(U64, at + 40),
              bytes.get(U64, at + 48),
              bytes.get(U32, at + 56),
              bytes.get(U32, at + 60)));
    }
    if (!parts.isEmpty()) {
      runs.add(new RunInfo(level, parts));
    }
    return runs;
  }

  private static List<SegmentUsage> segments(MemorySegment bytes, long from, int count) {
    // At once: a disk of terabytes has hundreds of thousands, and this is on the way to opening it.
    var words = new long[count * SEGMENT_WORDS];
    MemorySegment.copy(bytes, U64, from, words, 0, words.length);
    var segments = new ArrayList<SegmentUsage>(count);
    for (int i = 0; i < words.length; i += SEGMENT_WORDS) {
      segments.add(
          new SegmentUsage(
              words[i],
              words[i + 1],
              words[i + 2],
              (int) words[i + 3],
              (int) (words[i + 3] >>> 32)));
    }
    return segments;
  }

  private static List<Checkpoint.Doomed> doomed(MemorySegment bytes, long from, int count) {
    var doomed = new ArrayList<Checkpoint.Doomed>(count);
    for (long at = from; at < from + (long) count * DOOMED_BYTES; at += DOOMED_BYTES) {
      long kindAndReserved = bytes.get(U64, at);
      require(
          kindAndReserved >= 1 && kindAndReserved <= 3,
          "a doomed object of kind " + kindAndReserved);
      doomed.add(
          new Checkpoint.Doomed(
              kind((int) kindAndReserved),
              bytes.get(U64, at + 8),
              bytes.get(U64, at + 16),
              bytes.get(U64, at + 24)));
    }
    return doomed;
  }

  private static Checkpoint.Kind kind(int code) {
    return switch (code) {
      case 1 -> Checkpoint.Kind.SEGMENT;
      case 2 -> Checkpoint.Kind.RUN_PART;
      default -> Checkpoint.Kind.CHECKPOINT;
    };
  }

  /** What contradicts itself beyond the map's own rules, or null. */
  private static @org.jspecify.annotations.Nullable String flaw(Checkpoint checkpoint) {
    if (checkpoint.nextSequence() <= checkpoint.sequence()
        || checkpoint.epoch() < 0
        || checkpoint.keyEpoch() < checkpoint.epoch()
        || checkpoint.incarnation() < 1
        || checkpoint.lastLsn() < 0
        || checkpoint.lastTimeNanos() < 0
        || checkpoint.durableLsn() < 0
        || (checkpoint.sequence() == 0 && checkpoint.durableLsn() != 0)
        || checkpoint.sizeSectors() < 1
        || checkpoint.sizeSectors() > 1L << 54) {
      return "its header contradicts itself";
    }
    if (checkpoint.doomed().isEmpty()) {
      return null;
    }
    var live = new java.util.HashSet<Long>();
    var names = new java.util.HashSet<PartName>();
    checkpoint.map().segments().forEach(segment -> live.add(segment.sequence()));
    checkpoint.map().runs().forEach(run -> run.parts().forEach(part -> names.add(part.name())));
    for (Checkpoint.Doomed doomed : checkpoint.doomed()) {
      boolean named =
          switch (doomed.kind()) {
            case SEGMENT -> live.contains(doomed.epoch());
            case RUN_PART -> names.contains(new PartName(doomed.epoch(), doomed.nonce()));
            case CHECKPOINT ->
                doomed.epoch() == checkpoint.keyEpoch() && doomed.nonce() == checkpoint.keyNonce();
          };
      if (named
          || doomed.epoch() < 0
          || doomed.timeNanos() < 0
          || (doomed.kind() == Checkpoint.Kind.SEGMENT
              && (doomed.nonce() != 0 || doomed.epoch() > checkpoint.sequence()))) {
        return doomed.key() + " is doomed, and is in use or can't exist";
      }
    }
    return null;
  }

  private static int count(MemorySegment bytes, long at, int most, String what) {
    int count = bytes.get(U32, at);
    require(count >= 0 && count <= most, Integer.toUnsignedString(count) + " " + what);
    return count;
  }

  private static long totalLength(int parts, int segments, int doomed) {
    return HEADER_BYTES
        + (long) parts * RUN_BYTES
        + (long) segments * SEGMENT_BYTES
        + (long) doomed * DOOMED_BYTES;
  }

  private static int headerCrc(MemorySegment bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocate(HEADER_BYTES, 8);
      header.copyFrom(bytes.asSlice(0, HEADER_BYTES));
      header.set(U32, 12, 0);
      return crc(header, 0, HEADER_BYTES);
    }
  }

  private static int crc(MemorySegment bytes, long from, long length) {
    var crc = new CRC32C();
    for (long at = from; at < from + length; ) {
      // A ByteBuffer has at most 2 GiB.
      long step = Math.min(1 << 30, from + length - at);
      crc.update(bytes.asSlice(at, step).asByteBuffer());
      at += step;
    }
    return (int) crc.getValue();
  }

  private static void putUuid(MemorySegment bytes, long at, UUID uuid) {
    bytes.set(U64, at, Long.reverseBytes(uuid.getMostSignificantBits()));
    bytes.set(U64, at + 8, Long.reverseBytes(uuid.getLeastSignificantBits()));
  }

  private static UUID getUuid(MemorySegment bytes, long at) {
    return new UUID(
        Long.reverseBytes(bytes.get(U64, at)), Long.reverseBytes(bytes.get(U64, at + 8)));
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new DeviceException.Corrupt("a checkpoint: " + what);
    }
  }
}
