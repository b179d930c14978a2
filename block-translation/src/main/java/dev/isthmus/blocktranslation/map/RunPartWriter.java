package dev.isthmus.blocktranslation.map;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Builds the bytes of one part off-heap, entry by entry. Threading: confined to one thread at a
 * time.
 */
final class RunPartWriter implements AutoCloseable {

  private final UUID volume;
  private final PartName name;
  private final int maxPages;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment bytes;
  private final long[] firsts;
  private final long[] filters;
  private final long[] pageWords = new long[PartLayout.PAGE_ENTRIES * 4];
  private int pageEntries;
  private int pageCount;
  private long endSector;

  /** A part of at most {@code maxPages} pages. */
  RunPartWriter(UUID volume, PartName name, int maxPages) {
    this.volume = volume;
    this.name = name;
    this.maxPages = maxPages;
    this.bytes = arena.allocate(PartLayout.totalLength(maxPages), 8);
    this.firsts = new long[maxPages];
    this.filters = new long[maxPages * PageFilter.WORDS];
  }

  /** Whether no entry fits any more. */
  boolean isFull() {
    return pageCount == maxPages;
  }

  /** Entries so far. */
  long entryCount() {
    return (long) pageCount * PartLayout.PAGE_ENTRIES + pageEntries;
  }

  /** Adds an entry behind all before; see {@link EntryWords}. */
  void add(long sector, long lengths, long segment, long place) {
    if (sector < endSector) {
      throw new IllegalArgumentException("entry at sector " + sector + " is not in order");
    }
    String flaw = EntryWords.flaw(sector, lengths, segment, place);
    if (flaw != null) {
      throw new IllegalArgumentException(flaw);
    }
    int at = 4 * pageEntries;
    pageWords[at] = sector;
    pageWords[at + 1] = lengths;
    pageWords[at + 2] = segment;
    pageWords[at + 3] = place;
    pageEntries++;
    endSector = sector + EntryWords.count(lengths);
    if (pageEntries == PartLayout.PAGE_ENTRIES) {
      finishPage();
    }
  }

  private void finishPage() {
    long page = PartLayout.HEADER_BYTES + (long) pageCount * PartLayout.PAGE_BYTES;
    bytes.set(PartLayout.U32, page, PartLayout.PAGE_MAGIC);
    bytes.set(PartLayout.U64, page + 8, name.nonce());
    bytes.set(PartLayout.U32, page + 16, pageCount);
    bytes.set(PartLayout.U16, page + 20, (short) pageEntries);
    MemorySegment.copy(
        pageWords, 0, bytes, PartLayout.U64, page + PartLayout.PAGE_HEADER_BYTES, pageEntries * 4);
    bytes.set(PartLayout.U32, page + 4, PartLayout.crc(bytes, page, PartLayout.PAGE_BYTES, 4));
    firsts[pageCount] = pageWords[0];
    PageFilter.build(pageWords, pageEntries, filters, pageCount * PageFilter.WORDS);
    pageCount++;
    pageEntries = 0;
  }

  /** Completes the part; at least one entry was added, and none is from now on. */
  PartInfo finish() {
    long entries = entryCount();
    if (entries == 0) {
      throw new IllegalStateException("a part has at least one entry");
    }
    if (pageEntries > 0) {
      finishPage();
    }
    writeIndex();
    long total = PartLayout.totalLength(pageCount);
    bytes.set(PartLayout.U64, 0, PartLayout.MAGIC);
    bytes.set(PartLayout.U16, 8, (short) PartLayout.VERSION);
    putUuid(bytes, 16, volume);
    bytes.set(PartLayout.U64, 32, name.epoch());
    bytes.set(PartLayout.U64, 40, name.nonce());
    bytes.set(PartLayout.U64, 48, entries);
    bytes.set(PartLayout.U32, 56, pageCount);
    bytes.set(PartLayout.U64, 64, firsts[0]);
    bytes.set(PartLayout.U64, 72, endSector);
    bytes.set(PartLayout.U64, 80, total);
    int crc = PartLayout.crc(bytes, 0, PartLayout.HEADER_BYTES, 12);
    bytes.set(PartLayout.U32, 12, crc);
    return new PartInfo(name, total, entries, firsts[0], endSector, pageCount, crc);
  }

  private void writeIndex() {
    long index = PartLayout.indexOffset(pageCount);
    bytes.set(PartLayout.U32, index, PartLayout.INDEX_MAGIC);
    bytes.set(PartLayout.U64, index + 8, name.nonce());
    bytes.set(PartLayout.U32, index + 16, pageCount);
    MemorySegment.copy(
        firsts, 0, bytes, PartLayout.U64, index + PartLayout.INDEX_HEADER_BYTES, pageCount);
    int firstsLength = PartLayout.firstsLength(pageCount);
    MemorySegment.copy(
        filters, 0, bytes, PartLayout.U64, index + firstsLength, pageCount * PageFilter.WORDS);
    long filtersLength = (long) pageCount * PartLayout.FILTER_BYTES;
    bytes.set(
        PartLayout.U32, index + 20, PartLayout.crc(bytes, index + firstsLength, filtersLength, -1));
    bytes.set(PartLayout.U32, index + 4, PartLayout.crc(bytes, index, firstsLength, 4));
  }

  /** The object, once finished; valid until {@link #close()}. */
  MemorySegment bytes() {
    return bytes.asSlice(0, PartLayout.totalLength(pageCount)).asReadOnly();
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }

  static void putUuid(MemorySegment bytes, long at, UUID uuid) {
    bytes.set(PartLayout.U64, at, Long.reverseBytes(uuid.getMostSignificantBits()));
    bytes.set(PartLayout.U64, at + 8, Long.reverseBytes(uuid.getLeastSignificantBits()));
  }

  static UUID getUuid(MemorySegment bytes, long at) {
    return new UUID(
        Long.reverseBytes(bytes.get(PartLayout.U64, at)),
        Long.reverseBytes(bytes.get(PartLayout.U64, at + 8)));
  }
}
