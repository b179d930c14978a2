package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Where the log still holds the data of frames that are committed in the bucket already: a second
 * copy, until the log gives the file back. Threading: confined to the volume's loop.
 */
final class RecentFrames {

  /**
   * Most frames remembered: 64 MiB at least and 512 MiB at most of the log, a few of its files, for
   * about 3 MiB of heap. What is forgotten is in the bucket all the same.
   */
  static final int MAX_FRAMES = 16_384;

  private record Place(long segment, int offset) {}

  private record Copy(long position, int length, int crc, long sector) {}

  private final WriteAheadLog log;
  private final Map<Place, Copy> copies =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Place, Copy> eldest) {
          return size() > MAX_FRAMES;
        }
      };

  RecentFrames(WriteAheadLog log) {
    this.log = log;
  }

  /** A segment was committed; {@code records} are what it was made from, entry by entry. */
  void committed(long segment, List<SegmentEntry> entries, List<BacklogRecord> records) {
    for (int i = 0; i < entries.size(); i++) {
      SegmentEntry entry = entries.get(i);
      BacklogRecord record = records.get(i);
      if (entry.operation() == SegmentEntry.WRITE && entry.originLsn() == record.lsn()) {
        copies.put(
            new Place(segment, entry.frameOffset()),
            new Copy(record.position(), record.length(), record.crc(), record.sector()));
      }
    }
  }

  /** The frame's data out of the log, checked; null if the log does not have it any more. */
  @Nullable MemorySegment read(FrameRef ref) {
    Copy copy = ref.source() == 0 ? copies.get(new Place(ref.segment(), ref.offset())) : null;
    if (copy == null || copy.length != ref.storedLength() || copy.sector != ref.sector()) {
      return null;
    }
    MemorySegment data = Arena.ofAuto().allocate(copy.length, 8);
    try {
      log.read(copy.position, 0, data);
    } catch (LogException e) {
      return null; // trimmed meanwhile, or not readable: no copy
    }
    var crc = new CRC32C();
    crc.update(data.asByteBuffer());
    return (int) crc.getValue() == copy.crc ? data : null;
  }
}
