package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Reads a whole part and checks every byte of it: for verification and repair. Look-ups and merges
 * read pages and indexes alone, which check themselves. Threading: immutable.
 */
public final class RunPartReader {

  private final MemorySegment bytes;
  private final UUID volume;
  private final PartInfo info;

  /**
   * Reads and checks the header.
   *
   * @param bytes the whole object; kept
   * @throws DeviceException.Corrupt naming what is wrong
   */
  public RunPartReader(MemorySegment bytes) {
    this.bytes = bytes;
    if (bytes.byteSize() < PartLayout.totalLength(1)
        || bytes.byteSize() > PartLayout.MAX_PART_BYTES) {
      throw corrupt("an object of " + bytes.byteSize() + " bytes");
    }
    if (bytes.get(PartLayout.U64, 0) != PartLayout.MAGIC) {
      throw corrupt("no such magic");
    }
    int version = Short.toUnsignedInt(bytes.get(PartLayout.U16, 8));
    if (version != PartLayout.VERSION) {
      throw corrupt("version " + version + " is unknown");
    }
    int crc = bytes.get(PartLayout.U32, 12);
    if (crc != PartLayout.crc(bytes, 0, PartLayout.HEADER_BYTES, 12)) {
      throw corrupt("the header's CRC is wrong");
    }
    for (int at = 88; at < PartLayout.HEADER_BYTES; at += 8) {
      if (bytes.get(PartLayout.U64, at) != 0) {
        throw corrupt("reserved bytes are not zero");
      }
    }
    if (bytes.get(PartLayout.U16, 10) != 0 || bytes.get(PartLayout.U32, 60) != 0) {
      throw corrupt("reserved bytes are not zero");
    }
    volume = RunPartWriter.getUuid(bytes, 16);
    info =
        new PartInfo(
            new PartName(bytes.get(PartLayout.U64, 32), bytes.get(PartLayout.U64, 40)),
            bytes.get(PartLayout.U64, 80),
            bytes.get(PartLayout.U64, 48),
            bytes.get(PartLayout.U64, 64),
            bytes.get(PartLayout.U64, 72),
            bytes.get(PartLayout.U32, 56),
            crc);
    String flaw = info.flaw();
    if (flaw != null || info.totalLengthBytes() != bytes.byteSize()) {
      throw corrupt(flaw == null ? "it is cut, or goes on behind its end" : flaw);
    }
  }

  /** The volume that it belongs to. */
  public UUID volume() {
    return volume;
  }

  /** What a checkpoint says of it. */
  public PartInfo info() {
    return info;
  }

  /**
   * Checks index and pages, and tells all extents in order.
   *
   * @throws DeviceException.Corrupt naming what is wrong; extents of the pages before were told
   */
  public void forEach(Consumer<? super Extent> action) {
    long indexOffset = PartLayout.indexOffset(info.pageCount());
    PartIndex index = PartIndex.decode(info, bytes.asSlice(indexOffset));
    var filter = new long[PageFilter.WORDS];
    long end = 0;
    for (int number = 0; number < info.pageCount(); number++) {
      long at = PartLayout.HEADER_BYTES + (long) number * PartLayout.PAGE_BYTES;
      Page page = Page.decode(info, number, bytes, at);
      if (page.words[0] != index.firsts[number] || page.words[0] < end) {
        throw Page.corrupt(info, number, "it does not begin where the index says");
      }
      PageFilter.build(page.words, page.entryCount(), filter, 0);
      for (int i = 0; i < filter.length; i++) {
        if (index.filters == null || filter[i] != index.filters[number * PageFilter.WORDS + i]) {
          throw Page.corrupt(info, number, "its filter is not made from it");
        }
      }
      for (int i = 0; i < page.words.length; i += 4) {
        long count = EntryWords.count(page.words[i + 1]);
        action.accept(
            EntryWords.extent(
                page.words[i],
                page.words[i + 1],
                page.words[i + 2],
                page.words[i + 3],
                page.words[i],
                count));
        end = page.words[i] + count;
      }
    }
  }

  private static DeviceException.Corrupt corrupt(String what) {
    return new DeviceException.Corrupt("a map part: " + what);
  }
}
