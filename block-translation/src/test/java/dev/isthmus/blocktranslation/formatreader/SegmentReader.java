package dev.isthmus.blocktranslation.formatreader;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

/** Reads whole segments and fences. */
final class SegmentReader {

  private static final int HEADER_BYTES = 256;
  private static final int ENTRY_BYTES = 40;
  private static final long MAX_OBJECT_BYTES = 64 << 20;
  private static final long MAX_ENTRIES = 1_048_576;
  private static final int DATA = 1;
  private static final int FENCE = 2;

  private SegmentReader() {}

  /** Reads the object at slot {@code sequence}. */
  static Segment read(Fields object, ManifestText manifest, long sequence) {
    Fields header = object.part("header", 0, HEADER_BYTES);
    header.magic("ISTHSEG1");
    header.ownCrc("headerCrc", 12);
    header.expect("version", header.u16(8), 1);
    int kind = header.u8(10);
    header.require(kind == DATA || kind == FENCE, "kind", kind);
    header.expect("flags", header.u8(11), 0);
    header.expect("volume", header.uuid(16), manifest.volume());
    header.expect("sequence", header.u64("sequence", 64), sequence);
    header.zeroes("voidFrom", 184, 8);
    header.zeroes("reserved", 192, 64);
    checkLengths(object, header);
    Segment segment = segment(object, header, kind == FENCE);
    checkNumbers(header, segment, manifest.slotWindow());
    return segment;
  }

  private static void checkLengths(Fields object, Fields header) {
    long totalLength = header.u64("totalLength", 104);
    header.expect("totalLength", totalLength, (long) object.length());
    header.require(totalLength <= MAX_OBJECT_BYTES, "totalLength", totalLength);
    header.expect("tableOffset", header.u32(112), (long) HEADER_BYTES);
    long count = header.u32(120);
    header.require(count <= MAX_ENTRIES, "tableCount", count);
    header.expect("tableLength", header.u32(116), ENTRY_BYTES * count);
    object.part("table", HEADER_BYTES, ENTRY_BYTES * count).crc("tableCrc", header.u32(124));
    Fields rest = object.part("rest", HEADER_BYTES, totalLength - HEADER_BYTES);
    HexFormat hex = HexFormat.of();
    header.expect("digest", hex.formatHex(header.raw(144, 32)), hex.formatHex(sha256(rest)));
  }

  private static byte[] sha256(Fields bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes.data());
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has it", e);
    }
  }

  private static Segment segment(Fields object, Fields header, boolean fence) {
    UUID volume = header.uuid(16);
    long sequence = header.u64("sequence", 64);
    long firstLsn = header.u64("firstLsn", 72);
    long lastLsn = header.u64("lastLsn", 80);
    return new Segment(
        object,
        fence,
        header.uuid(32),
        header.u64("epoch", 48),
        header.u64("incarnation", 56),
        sequence,
        firstLsn,
        lastLsn,
        header.u64("firstTime", 88),
        header.u64("lastTime", 96),
        header.u64("nextSequence", 128),
        header.u64("sizeSectors", 136),
        header.u64("durableLsn", 176),
        new Table(object, volume, sequence, firstLsn, lastLsn).changes(header.u32(120)));
  }

  private static void checkNumbers(Fields header, Segment segment, int slotWindow) {
    header.require(segment.epoch() >= 1, "epoch", segment.epoch());
    header.require(segment.incarnation() >= 1, "incarnation", segment.incarnation());
    header.require(segment.sequence() >= 1, "sequence", segment.sequence());
    header.require(segment.firstTime() <= segment.lastTime(), "lastTime", segment.lastTime());
    if (segment.isFence()) {
      header.expect("tableCount", segment.changes().size(), 0);
      header.expect("firstLsn", segment.firstLsn(), segment.lastLsn() + 1);
      header.expect("nextSequence", segment.nextSequence(), segment.sequence() + slotWindow);
    } else {
      header.require(
          segment.firstLsn() >= 1 && segment.firstLsn() <= segment.lastLsn(),
          "firstLsn",
          segment.firstLsn());
      header.expect("nextSequence", segment.nextSequence(), segment.sequence() + 1);
    }
  }

  /** The table of one segment and the frames that it names. */
  private record Table(Fields object, UUID volume, long sequence, long firstLsn, long lastLsn) {

    List<Change> changes(long count) {
      var changes = new ArrayList<Change>();
      long lsnBefore = firstLsn - 1;
      long frameOffset = HEADER_BYTES + ENTRY_BYTES * count;
      for (int i = 0; i < count; i++) {
        Fields entry =
            object.part("table[" + i + "]", HEADER_BYTES + (long) i * ENTRY_BYTES, ENTRY_BYTES);
        Change change = change(entry, frameOffset);
        entry.require(
            change.lsn() > lsnBefore && change.lsn() <= lastLsn, "originLsn", change.lsn());
        lsnBefore = change.lsn();
        if (change.operation() == Change.WRITE) {
          frameOffset += Frames.HEADER_BYTES + entry.u32(32);
        }
        changes.add(change);
      }
      object.expect("end of frames", frameOffset, (long) object.length());
      return changes;
    }

    private Change change(Fields entry, long frameOffset) {
      int operation = entry.u8(0);
      entry.require(
          operation >= Change.WRITE && operation <= Change.CUT_MARK, "operation", operation);
      entry.expect("flags", entry.u8(1), 0);
      entry.expect("reserved", entry.u16(2), 0);
      long sector = entry.u64("sector", 8);
      long sectorCount = entry.u64("sectorCount", 16);
      long lsn = entry.u64("originLsn", 24);
      if (operation != Change.WRITE) {
        entry.expect("frameOffset", entry.u32(4), 0L);
        entry.expect("storedLength", entry.u32(32), 0L);
        entry.expect("storedCrc", entry.u32(36), 0L);
        entry.require(operation < Change.RESIZE || sector == 0, "sector", sector);
        return new Change(operation, lsn, sector, sectorCount, Change.NO_DATA);
      }
      entry.expect("frameOffset", entry.u32(4), frameOffset);
      Frames.Frame frame = Frames.read(object, frameOffset, entry.u32(32), volume);
      entry.expect("storedCrc", entry.u32(36), frame.storedCrc());
      entry.expect("sector", sector, frame.sector());
      entry.expect("sectorCount", sectorCount, (long) frame.sectorCount());
      entry.expect("originLsn", lsn, frame.originLsn());
      entry.expect("sequence of the frame", frame.sequence(), sequence);
      return new Change(operation, lsn, sector, sectorCount, frame.data());
    }
  }
}
