package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** Header and data digests: CRC32C (NVMe/TCP 1.0, 3.3.1.1). */
final class Digest {

  static final int BYTES = 4;

  private Digest() {}

  static int of(CRC32C crc, MemorySegment s, long at, long lengthBytes) {
    crc.reset();
    add(crc, s, at, lengthBytes);
    return (int) crc.getValue();
  }

  static void add(CRC32C crc, MemorySegment s, long at, long lengthBytes) {
    crc.update(s.asSlice(at, lengthBytes).asByteBuffer());
  }
}
