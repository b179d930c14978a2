package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;

/** A checked page of entries. Immutable, but for the cache's marks in {@link CacheUnit}. */
final class Page extends CacheUnit {

  /** Heap that a full page takes: four words an entry, and the object. */
  static final int HEAP_BYTES = PartLayout.PAGE_ENTRIES * PartLayout.ENTRY_BYTES + 64;

  final int number;

  /** Four words an entry, see {@link EntryWords}. */
  final long[] words;

  private Page(int number, long[] words) {
    super(words.length * 8 + 64);
    this.number = number;
    this.words = words;
  }

  int entryCount() {
    return words.length / 4;
  }

  /** Where the first entry stands that ends behind {@code sector}. */
  int firstEndingAfter(long sector) {
    int low = 0;
    int high = words.length / 4;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (words[4 * middle] + EntryWords.count(words[4 * middle + 1]) > sector) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /**
   * Checks and copies page {@code number} of a part out of {@code bytes}.
   *
   * @throws DeviceException.Corrupt naming part, page and what is wrong
   */
  static Page decode(PartInfo part, int number, MemorySegment bytes, long at) {
    if (bytes.get(PartLayout.U32, at) != PartLayout.PAGE_MAGIC) {
      throw corrupt(part, number, "it has no page's magic");
    }
    if (bytes.get(PartLayout.U32, at + 4) != PartLayout.crc(bytes, at, PartLayout.PAGE_BYTES, 4)) {
      throw corrupt(part, number, "its CRC is wrong");
    }
    boolean last = number == part.pageCount() - 1;
    int count = Short.toUnsignedInt(bytes.get(PartLayout.U16, at + 20));
    long expected =
        last
            ? part.entryCount() - (long) number * PartLayout.PAGE_ENTRIES
            : PartLayout.PAGE_ENTRIES;
    if (bytes.get(PartLayout.U64, at + 8) != part.name().nonce()
        || bytes.get(PartLayout.U32, at + 16) != number
        || count != expected) {
      throw corrupt(part, number, "it is another page");
    }
    if (bytes.get(PartLayout.U16, at + 22) != 0 || bytes.get(PartLayout.U64, at + 24) != 0) {
      throw corrupt(part, number, "reserved bytes are not zero");
    }
    for (long rest = PartLayout.PAGE_HEADER_BYTES + (long) count * PartLayout.ENTRY_BYTES;
        rest < PartLayout.PAGE_BYTES;
        rest += 8) {
      if (bytes.get(PartLayout.U64, at + rest) != 0) {
        throw corrupt(part, number, "bytes behind the last entry are not zero");
      }
    }
    var words = new long[count * 4];
    MemorySegment.copy(
        bytes, PartLayout.U64, at + PartLayout.PAGE_HEADER_BYTES, words, 0, words.length);
    checkEntries(part, number, words);
    return new Page(number, words);
  }

  private static void checkEntries(PartInfo part, int number, long[] words) {
    long end = part.firstSector();
    for (int i = 0; i < words.length; i += 4) {
      String flaw = EntryWords.flaw(words[i], words[i + 1], words[i + 2], words[i + 3]);
      if (flaw != null) {
        throw corrupt(part, number, "entry " + i / 4 + " is wrong: " + flaw);
      }
      if (words[i] < end) {
        throw corrupt(part, number, "entry " + i / 4 + " is not in order");
      }
      end = words[i] + EntryWords.count(words[i + 1]);
    }
    boolean last = number == part.pageCount() - 1;
    if ((number == 0 && words[0] != part.firstSector())
        || end > part.endSector()
        || (last && end != part.endSector())) {
      throw corrupt(part, number, "its entries are not where the part's header says");
    }
  }

  static DeviceException.Corrupt corrupt(PartInfo part, int number, String what) {
    return new DeviceException.Corrupt(
        "page " + number + " of map part " + part.name().key() + ": " + what);
  }
}
