package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
    long end = 0;
    for (int number = 0; number < info.pageCount(); number++) {
      Page page = page(info, index, number, bytes);
      if (page.words[0] < end) {
        throw Page.corrupt(info, number, "it begins before the one before it ends");
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

  /** A page, checked by itself and against the index. */
  private static Page page(
      PartInfo part, @Nullable PartIndex index, int number, MemorySegment bytes) {
    long at = PartLayout.HEADER_BYTES + (long) number * PartLayout.PAGE_BYTES;
    Page page = Page.decode(part, number, bytes, at);
    if (index == null) {
      return page;
    }
    if (page.words[0] != index.firsts[number]) {
      throw Page.corrupt(part, number, "it does not begin where the index says");
    }
    long[] filters = index.filters;
    if (filters != null) {
      var filter = new long[PageFilter.WORDS];
      PageFilter.build(page.words, page.entryCount(), filter, 0);
      for (int i = 0; i < filter.length; i++) {
        if (filter[i] != filters[number * PageFilter.WORDS + i]) {
          throw Page.corrupt(part, number, "its filter is not made from it");
        }
      }
    }
    return page;
  }

  /**
   * All that is wrong with a part, where {@link #forEach} stops at the first flaw.
   *
   * @param part what the checkpoint says of it
   * @param volume that it must be of
   * @param bytes the whole object
   * @return empty if every byte is as it must be
   */
  public static List<PartFlaw> flaws(PartInfo part, UUID volume, MemorySegment bytes) {
    var flaws = new ArrayList<PartFlaw>();
    if (bytes.byteSize() != part.totalLengthBytes()) {
      flaws.add(
          PartFlaw.ofAll(
              part, "%d bytes, not %d".formatted(bytes.byteSize(), part.totalLengthBytes())));
      return flaws;
    }
    try {
      var reader = new RunPartReader(bytes);
      if (!reader.info().equals(part) || !reader.volume().equals(volume)) {
        throw corrupt("it is another part than the checkpoint names");
      }
    } catch (DeviceException.Corrupt e) {
      // Neither look-ups nor merges read the header: the checkpoint repeats it.
      flaws.add(PartFlaw.unread(part, 0, PartLayout.HEADER_BYTES, String.valueOf(e.getMessage())));
    }
    PartIndex index = index(part, bytes, flaws);
    for (int number = 0; number < part.pageCount(); number++) {
      try {
        var _ = page(part, index, number, bytes);
      } catch (DeviceException.Corrupt e) {
        flaws.add(
            new PartFlaw(
                PartLayout.HEADER_BYTES + (long) number * PartLayout.PAGE_BYTES,
                PartLayout.PAGE_BYTES,
                index == null ? part.firstSector() : index.firsts[number],
                index == null || number + 1 == part.pageCount()
                    ? part.endSector()
                    : index.firsts[number + 1],
                String.valueOf(e.getMessage())));
      }
    }
    return flaws;
  }

  private static @Nullable PartIndex index(
      PartInfo part, MemorySegment bytes, List<PartFlaw> flaws) {
    long at = PartLayout.indexOffset(part.pageCount());
    try {
      return PartIndex.decode(part, bytes.asSlice(at));
    } catch (DeviceException.Corrupt e) {
      flaws.add(
          new PartFlaw(
              at,
              PartLayout.indexLength(part.pageCount()),
              part.firstSector(),
              part.endSector(),
              String.valueOf(e.getMessage())));
    }
    try {
      return PartIndex.decode(part, bytes.asSlice(at, PartLayout.firstsLength(part.pageCount())));
    } catch (DeviceException.Corrupt e) {
      return null; // said above
    }
  }

  private static DeviceException.Corrupt corrupt(String what) {
    return new DeviceException.Corrupt("a map part: " + what);
  }
}
