package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.format.SegmentBuilder;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.image.Zeroes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Collects what goes into one segment of an import. Threading: confined to the caller. */
final class ImportSegment {

  /** Most data of one record: that of a frame. */
  static final int MAX_PIECE_BYTES = Frame.MAX_RAW_BYTES;

  private static final int MAX_DATA_BYTES = 8 << 20;

  /** If each block stands alone; the last of a disk may be shorter than a block. */
  private static final int MAX_PIECES = MAX_DATA_BYTES / Zeroes.BLOCK_BYTES;

  /** Longest segment that comes of it. */
  static final long MAX_OBJECT_BYTES =
      SegmentBuilder.totalBytes(MAX_PIECES, MAX_PIECES, MAX_DATA_BYTES);

  private final VolumeIdentity identity;
  private final EngineLoop loop;
  private final MemorySegment staging = Arena.ofAuto().allocate(MAX_DATA_BYTES);
  private final List<Piece> pieces = new ArrayList<>();
  private int usedBytes;
  private long lastTimeNanos;

  private record Piece(long sector, int offset, int lengthBytes) {}

  /** A segment as it is sent; {@code object} lies in the buffer that was given. */
  record Sealed(SegmentHeader header, List<SegmentEntry> entries, MemorySegment object) {}

  ImportSegment(VolumeIdentity identity, EngineLoop loop) {
    this.identity = identity;
    this.loop = loop;
  }

  boolean isEmpty() {
    return pieces.isEmpty();
  }

  /** Whether another piece may not fit. */
  boolean isFull() {
    return usedBytes > MAX_DATA_BYTES - MAX_PIECE_BYTES || pieces.size() == MAX_PIECES;
  }

  /** Copies a piece in, of at most {@link #MAX_PIECE_BYTES}; only if it is not full. */
  void add(long sector, MemorySegment data) {
    int length = Math.toIntExact(data.byteSize());
    MemorySegment.copy(data, 0, staging, usedBytes, length);
    pieces.add(new Piece(sector, usedBytes, length));
    usedBytes += length;
  }

  /** Makes a segment of it, in {@code buffer}, and is empty again. */
  Sealed seal(MemorySegment buffer, long sequence, long firstLsn) {
    var builder = new SegmentBuilder(buffer, identity.volume(), sequence, pieces.size());
    long lsn = firstLsn;
    for (Piece piece : pieces) {
      MemorySegment data = builder.nextData(piece.lengthBytes);
      MemorySegment.copy(staging, piece.offset, data, 0, piece.lengthBytes);
      var crc = new CRC32C();
      crc.update(data.asByteBuffer());
      builder.addWrite(piece.sector, piece.lengthBytes, lsn++, (int) crc.getValue());
    }
    lastTimeNanos = Math.max(lastTimeNanos, loop.wallNanos());
    SegmentHeader header =
        builder.seal(
            new SegmentHeader(
                SegmentHeader.DATA,
                identity.volume(),
                identity.writer(),
                identity.epoch(),
                identity.device().incarnation(),
                sequence,
                firstLsn,
                lsn - 1,
                lastTimeNanos,
                lastTimeNanos,
                0,
                pieces.size(),
                0,
                sequence + 1,
                identity.sizeSectors(),
                // There is no log that could be held to it.
                0,
                new byte[0]));
    pieces.clear();
    usedBytes = 0;
    return new Sealed(header, builder.entries(), buffer.asSlice(0, header.totalLength()));
  }
}
