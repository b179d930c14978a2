package dev.isthmus.blocktranslation.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * Which block size a disk image was made with: a partition table counts in the sectors of its disk,
 * and is lost on a disk with others. Stateless.
 */
public final class SectorSize {

  private static final int LOOK_BYTES = 8192;
  private static final MemorySegment GPT =
      MemorySegment.ofArray("EFI PART".getBytes(StandardCharsets.US_ASCII));

  private SectorSize() {}

  /**
   * 512 or 4096: what the image's GUID partition table says, which stands in its second sector; of
   * an image without one 4096, if its size allows that.
   */
  public static int of(DiskSource source) {
    MemorySegment begin = Arena.ofAuto().allocate(LOOK_BYTES);
    long length = Math.min(LOOK_BYTES, source.sizeBytes());
    DiskSource.Piece piece = source.read(0, begin.asSlice(0, length)).join();
    if (!piece.zeroes()) {
      for (int size : new int[] {512, 4096}) {
        if (begin.asSlice(size, GPT.byteSize()).mismatch(GPT) < 0) {
          return size;
        }
      }
    }
    return source.sizeBytes() % 4096 == 0 ? 4096 : 512;
  }
}
