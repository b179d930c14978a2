package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.format.SegmentBuilder;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One whole segment against itself, against what the map's table says of it, and against the live
 * extents that name it. Threading: confined to the scrub's thread; one for each reading of a
 * segment.
 */
final class SegmentCheck {

  /**
   * A flaw, before anybody looked for another copy.
   *
   * @param frame set where it is about one frame's data
   * @param live whether reads meet it
   */
  record Flaw(
      Kind kind,
      long offsetBytes,
      long lengthBytes,
      long firstSector,
      long sectorCount,
      String what,
      GoodCopies.@Nullable FramePlace frame,
      boolean live) {}

  /** A frame that extents name: what they say of it, and how much of it is live. */
  private static final class Named {
    final int storedLength;
    final long sector;
    long firstLive = Long.MAX_VALUE;
    long endLive;

    Named(int storedLength, long sector) {
      this.storedLength = storedLength;
      this.sector = sector;
    }
  }

  private final UUID volume;
  private final long sequence;
  private final MemorySegment bytes;
  private final List<Flaw> flaws = new ArrayList<>();
  private final Map<Integer, Named> named = new TreeMap<>();
  private long liveSectors;
  private @Nullable SegmentHeader header;
  private @Nullable List<SegmentEntry> entries;

  SegmentCheck(UUID volume, long sequence, MemorySegment bytes) {
    this.volume = volume;
    this.sequence = sequence;
    this.bytes = bytes;
  }

  /** An extent of the map that is live and names this segment. */
  void live(long sector, int count, int frameOffset, int storedLength, int sectorInFrame) {
    liveSectors += count;
    long frameSector = sector - sectorInFrame;
    Named frame = named.computeIfAbsent(frameOffset, _ -> new Named(storedLength, frameSector));
    frame.firstLive = Math.min(frame.firstLive, sector);
    frame.endLive = Math.max(frame.endLive, sector + count);
    String what = null;
    if (frame.storedLength != storedLength || frame.sector != frameSector) {
      what = "two extents name one frame, with different lengths or places on the disk";
    } else if ((sectorInFrame + count) * 512 > storedLength) {
      what = "an extent goes on behind its frame's end";
    }
    if (what != null) {
      flaws.add(
          new Flaw(
              Kind.MAP_ENTRY,
              frameOffset,
              (long) Frame.HEADER_BYTES + storedLength,
              sector,
              count,
              what,
              null,
              true));
    }
  }

  /**
   * Checks all.
   *
   * @param usage what the map's table says of it; null for a segment behind the checkpoint
   * @param allLive whether every frame counts as live: behind the checkpoint nobody knows better
   */
  List<Flaw> run(@Nullable SegmentUsage usage, boolean allLive) {
    readHeader();
    readTable();
    if (usage != null) {
      compare(usage);
    }
    checkFrames(allLive);
    checkNamed();
    checkDigest();
    return flaws;
  }

  /** The header, if it was readable. */
  @Nullable SegmentHeader header() {
    return header;
  }

  /** Sectors that live extents name. */
  long liveSectors() {
    return liveSectors;
  }

  private void readHeader() {
    try {
      SegmentHeader read = SegmentHeader.decode(bytes, volume, sequence);
      if (read.totalLength() != bytes.byteSize()) {
        add(
            0,
            bytes.byteSize(),
            "the object has " + bytes.byteSize() + " bytes, its header says " + read.totalLength());
      }
      header = read;
    } catch (FormatException e) {
      add(0, SegmentHeader.BYTES, message(e));
    }
  }

  private void readTable() {
    if (header == null) {
      return;
    }
    try {
      entries = header.decodeTable(bytes);
    } catch (FormatException e) {
      add(SegmentHeader.BYTES, header.tableBytes(), message(e));
    }
  }

  private void compare(SegmentUsage usage) {
    if (bytes.byteSize() != usage.totalLengthBytes()) {
      add(
          0,
          bytes.byteSize(),
          "the object has %d bytes, the checkpoint says %d"
              .formatted(bytes.byteSize(), usage.totalLengthBytes()));
    }
    if (header != null && header.epoch() != usage.epoch()) {
      add(
          0,
          SegmentHeader.BYTES,
          "it is of epoch %d, the checkpoint says %d".formatted(header.epoch(), usage.epoch()));
    }
    if (header != null && header.kind() != SegmentHeader.DATA) {
      add(0, SegmentHeader.BYTES, "a fence where the checkpoint has a data segment");
    }
    if (entries != null) {
      long dataSectors =
          entries.stream()
              .filter(entry -> entry.operation() == SegmentEntry.WRITE)
              .mapToLong(SegmentEntry::sectorCount)
              .sum();
      if (dataSectors != usage.dataSectors()) {
        accounting(
            "it came with %d sectors, the checkpoint says %d"
                .formatted(dataSectors, usage.dataSectors()));
      }
    }
    if (liveSectors > usage.liveSectors()) {
      accounting(
          "the map names %d of its sectors, the checkpoint counts %d as live"
              .formatted(liveSectors, usage.liveSectors()));
    }
  }

  private void checkFrames(boolean allLive) {
    if (entries == null) {
      return;
    }
    int tag = Frame.volumeTag(volume);
    for (SegmentEntry entry : entries) {
      if (entry.operation() == SegmentEntry.WRITE) {
        Named extent = named.get(entry.frameOffset());
        String what = flaw(entry, tag);
        if (what != null) {
          boolean live = allLive || extent != null;
          addFrame(
              entry.frameOffset(),
              entry.storedLength(),
              entry.sector(),
              extent == null ? entry.sector() : extent.firstLive,
              extent == null ? entry.sectorCount() : extent.endLive - extent.firstLive,
              what,
              live);
        }
      }
    }
  }

  private @Nullable String flaw(SegmentEntry entry, int tag) {
    try {
      Frame frame = decode(entry.frameOffset(), entry.storedLength(), tag);
      boolean asEntry =
          frame.sector() == entry.sector()
              && frame.rawLength() == entry.sectorCount() * 512
              && frame.originLsn() == entry.originLsn()
              && frame.storedLength() == entry.storedLength()
              && frame.storedCrc() == entry.storedCrc();
      return asEntry ? null : "the frame is not the one that the segment's table names";
    } catch (FormatException e) {
      return message(e);
    }
  }

  private Frame decode(int offset, int storedLength, int tag) throws FormatException {
    long available = Math.min(bytes.byteSize() - offset, (long) Frame.HEADER_BYTES + storedLength);
    if (available <= 0) {
      throw new FormatException("the segment ends before the frame begins");
    }
    return Frame.decode(bytes.asSlice(offset, available), tag, sequence);
  }

  /** What live extents name must be frames of the table; without a table, frames at least. */
  private void checkNamed() {
    int tag = Frame.volumeTag(volume);
    Map<Integer, SegmentEntry> table = new TreeMap<>();
    if (entries != null) {
      entries.stream()
          .filter(entry -> entry.operation() == SegmentEntry.WRITE)
          .forEach(entry -> table.put(entry.frameOffset(), entry));
    }
    named.forEach((offset, extent) -> {
      SegmentEntry entry = table.get(offset);
      if (entry != null) {
        if (entry.storedLength() != extent.storedLength || entry.sector() != extent.sector) {
          wrongPlace(offset, extent, "the frame there is for sector " + entry.sector());
        }
      } else if (entries != null) {
        wrongPlace(offset, extent, "no frame begins there");
      } else {
        checkWithoutTable(offset, extent, tag);
      }
    });
  }

  private void checkWithoutTable(int offset, Named extent, int tag) {
    try {
      Frame frame = decode(offset, extent.storedLength, tag);
      if (frame.storedLength() != extent.storedLength || frame.sector() != extent.sector) {
        wrongPlace(offset, extent, "the frame there is for sector " + frame.sector());
      }
    } catch (FormatException e) {
      addFrame(
          offset,
          extent.storedLength,
          extent.sector,
          extent.firstLive,
          extent.endLive - extent.firstLive,
          message(e),
          true);
    }
  }

  private void checkDigest() {
    if (header == null || !flaws.isEmpty()) {
      return; // what is known to be damaged explains it
    }
    byte[] digest = SegmentBuilder.digest(bytes.asSlice(SegmentHeader.BYTES));
    if (!Arrays.equals(digest, header.digest())) {
      add(SegmentHeader.BYTES, bytes.byteSize() - SegmentHeader.BYTES, "its digest does not match");
    }
  }

  private void wrongPlace(int offset, Named extent, String what) {
    flaws.add(
        new Flaw(
            Kind.MAP_ENTRY,
            offset,
            (long) Frame.HEADER_BYTES + extent.storedLength,
            extent.firstLive,
            extent.endLive - extent.firstLive,
            "the map names "
                + extent.storedLength
                + " bytes for sector "
                + extent.sector
                + ": "
                + what,
            null,
            true));
  }

  private void addFrame(
      int offset,
      int storedLength,
      long sector,
      long firstLive,
      long liveCount,
      String what,
      boolean live) {
    flaws.add(
        new Flaw(
            Kind.FRAME,
            offset,
            (long) Frame.HEADER_BYTES + storedLength,
            firstLive,
            liveCount,
            what,
            new GoodCopies.FramePlace(sequence, offset, storedLength, sector),
            live));
  }

  private void add(long offset, long length, String what) {
    flaws.add(new Flaw(Kind.SEGMENT, offset, length, 0, 0, what, null, false));
  }

  private void accounting(String what) {
    flaws.add(new Flaw(Kind.ACCOUNTING, 0, 0, 0, 0, what, null, false));
  }

  private static String message(FormatException e) {
    return String.valueOf(e.getMessage());
  }
}
