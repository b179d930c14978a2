package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A disk whose content is read from one end to the other and does not change meanwhile.
 *
 * <p>Reads complete with a {@link Piece} or fail with a {@link DeviceException}, on any thread and
 * in any order. Threading: called from one thread.
 */
public interface DiskSource extends AutoCloseable {

  /**
   * What became of one read.
   *
   * @param zeroes all of the range reads as zeroes; the buffer is as it was
   * @param damaged what can't be read, ascending; the buffer holds unspecified bytes there
   */
  record Piece(boolean zeroes, List<DamagedRange> damaged) {

    /** All bytes are in the buffer. */
    public static final Piece DATA = new Piece(false, List.of());

    public static final Piece ZEROES = new Piece(true, List.of());

    public Piece {
      damaged = List.copyOf(damaged);
    }
  }

  /** What it is, for people. */
  String description();

  /** A multiple of 512. */
  long sizeBytes();

  /**
   * Reads a range within the disk, both ends multiples of 512.
   *
   * @param buffer as long as the range, for any thread; lent until the future completes
   */
  CompletableFuture<Piece> read(long offsetBytes, MemorySegment buffer);

  /**
   * After a failed read: finds another way to the same bytes, if there is one. Blocks. Called when
   * no read is under way.
   *
   * @return whether the reads that failed are worth repeating
   */
  default boolean recover(DeviceException failure) {
    return false;
  }

  @Override
  void close();
}
