package dev.isthmus.blocktranslation.formatreader;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads parts of runs: header, pages, index and filters. Threading: one thread. */
final class RunPartReader {

  private static final int HEADER_BYTES = 128;
  private static final int PAGE_BYTES = 4096;
  private static final int PAGE_HEADER_BYTES = 32;
  private static final int ENTRY_BYTES = 32;
  private static final int PAGE_ENTRIES = 127;
  private static final int INDEX_HEADER_BYTES = 32;
  private static final int FILTER_BYTES = 128;
  private static final long MAX_SECTOR = 1L << 54;
  private static final long MAX_STORED_BYTES = 65_536;
  private static final long MAX_SEGMENT_BYTES = 64 << 20;

  private final Fields object;
  private final Fields header;

  private RunPartReader(Fields object) {
    this.object = object;
    this.header = object.part("header", 0, HEADER_BYTES);
  }

  /** Reads the part that a checkpoint's entry names. */
  static RunPart read(Fields object, Checkpoint.Part wanted, UUID volume) {
    return new RunPartReader(object).part(wanted, volume);
  }

  private RunPart part(Checkpoint.Part wanted, UUID volume) {
    header.magic("ISTHRUN1");
    header.ownCrc("headerCrc", 12);
    header.expect("headerCrc", header.u32(12), wanted.headerCrc());
    header.expect("version", header.u16(8), 1);
    header.expect("reserved", header.u16(10), 0);
    header.expect("volume", header.uuid(16), volume);
    header.expect("epoch", header.bits64(32), wanted.name().epochOrSequence());
    header.expect("nonce", header.bits64(40), wanted.name().nonce());
    header.expect("reserved", header.u32(60), 0L);
    header.zeroes("reserved", 88, 40);
    long entryCount = header.u64("entryCount", 48);
    header.expect("entryCount", entryCount, wanted.entryCount());
    header.require(entryCount >= 1, "entryCount", entryCount);
    long pageCount = header.u32(56);
    header.expect("pageCount", pageCount, wanted.pageCount());
    header.expect("pageCount", pageCount, (entryCount + PAGE_ENTRIES - 1) / PAGE_ENTRIES);
    long totalLength = header.u64("totalLength", 80);
    header.expect("totalLength", totalLength, (long) object.length());
    header.expect("totalLength", totalLength, wanted.totalLength());
    header.expect(
        "totalLength",
        totalLength,
        HEADER_BYTES
            + PAGE_BYTES * pageCount
            + INDEX_HEADER_BYTES
            + (FILTER_BYTES + 8) * pageCount);
    header.require(totalLength <= MAX_SEGMENT_BYTES, "totalLength", totalLength);
    List<RunPart.Entry> entries = pages((int) pageCount, entryCount);
    header.expect("firstSector", header.u64("firstSector", 64), entries.getFirst().sector());
    header.expect("endSector", header.u64("endSector", 72), entries.getLast().end());
    header.expect("firstSector", entries.getFirst().sector(), wanted.firstSector());
    header.expect("endSector", entries.getLast().end(), wanted.endSector());
    index((int) pageCount, entries);
    return new RunPart(object, entries);
  }

  private List<RunPart.Entry> pages(int pageCount, long entryCount) {
    var entries = new ArrayList<RunPart.Entry>();
    for (int number = 0; number < pageCount; number++) {
      Fields page =
          object.part(
              "page[" + number + "]", HEADER_BYTES + (long) number * PAGE_BYTES, PAGE_BYTES);
      page.magic("IPGE");
      page.ownCrc("pageCrc", 4);
      page.expect("nonce", page.bits64(8), header.bits64(40));
      page.expect("pageNumber", page.u32(16), (long) number);
      long wanted = Math.min(PAGE_ENTRIES, entryCount - (long) number * PAGE_ENTRIES);
      int count = page.u16(20);
      page.expect("entryCount", (long) count, wanted);
      page.zeroes("reserved", 22, 10);
      int end = PAGE_HEADER_BYTES + ENTRY_BYTES * count;
      for (int i = 0; i < count; i++) {
        Fields fields =
            page.part("entry[" + i + "]", PAGE_HEADER_BYTES + i * ENTRY_BYTES, ENTRY_BYTES);
        RunPart.Entry entry = entry(fields);
        checkOrder(entries.isEmpty() ? null : entries.getLast(), entry);
        entries.add(entry);
      }
      page.zeroes("rest", end, PAGE_BYTES - end);
    }
    return entries;
  }

  private static RunPart.Entry entry(Fields fields) {
    var entry =
        new RunPart.Entry(
            fields,
            fields.u64("sector", 0),
            fields.u32(8),
            fields.u32(12),
            fields.u64("segment", 16),
            fields.u32(24),
            fields.u16(28));
    fields.require(entry.sectorCount() >= 1, "sectorCount", entry.sectorCount());
    fields.require(entry.sector() <= MAX_SECTOR - entry.sectorCount(), "sector", entry.sector());
    fields.expect("source", fields.u16(30), 0);
    if (entry.isZeroes()) {
      fields.expect("storedLength", entry.storedLength(), 0L);
      fields.expect("frameOffset", entry.frameOffset(), 0L);
      fields.expect("sectorInFrame", entry.sectorInFrame(), 0);
    } else {
      fields.require(
          entry.storedLength() >= 1 && entry.storedLength() <= MAX_STORED_BYTES,
          "storedLength",
          entry.storedLength());
      fields.require(
          entry.frameOffset() >= 256
              && entry.frameOffset() + Frames.HEADER_BYTES + entry.storedLength()
                  <= MAX_SEGMENT_BYTES,
          "frameOffset",
          entry.frameOffset());
      fields.require(
          entry.sectorInFrame() + entry.sectorCount() <= 64,
          "sectorInFrame",
          entry.sectorInFrame());
    }
    return entry;
  }

  private static void checkOrder(RunPart.@Nullable Entry before, RunPart.Entry entry) {
    if (before == null) {
      return;
    }
    entry.fields().require(entry.sector() >= before.end(), "sector", entry.sector());
    boolean joins =
        entry.sector() == before.end()
            && entry.segment() == before.segment()
            && entry.frameOffset() == before.frameOffset()
            && (entry.isZeroes()
                ? before.sectorCount() + entry.sectorCount() < 1L << 32
                : entry.sectorInFrame() == before.sectorInFrame() + before.sectorCount());
    entry.fields().require(!joins, "sector", "goes on where the entry before ends");
  }

  private void index(int pageCount, List<RunPart.Entry> entries) {
    long indexAt = HEADER_BYTES + (long) PAGE_BYTES * pageCount;
    int sectorsEnd = INDEX_HEADER_BYTES + 8 * pageCount;
    Fields index = object.part("index", indexAt, sectorsEnd);
    index.magic("IPIX");
    index.ownCrc("indexCrc", 4);
    index.expect("nonce", index.bits64(8), header.bits64(40));
    index.expect("pageCount", index.u32(16), (long) pageCount);
    index.expect("reserved", index.bits64(24), 0L);
    Fields filters = object.part("filters", indexAt + sectorsEnd, (long) FILTER_BYTES * pageCount);
    filters.crc("filtersCrc", index.u32(20));
    for (int page = 0; page < pageCount; page++) {
      int first = page * PAGE_ENTRIES;
      var ofPage = entries.subList(first, Math.min(first + PAGE_ENTRIES, entries.size()));
      index.expect(
          "firstSector[" + page + "]",
          index.u64("firstSector", INDEX_HEADER_BYTES + 8 * page),
          ofPage.getFirst().sector());
      byte[] filter = filters.raw(page * FILTER_BYTES, FILTER_BYTES);
      filters.require(
          java.util.Arrays.equals(filter, BloomFilter.of(ofPage)),
          "filter[" + page + "]",
          "not that of the page's entries");
    }
  }
}
