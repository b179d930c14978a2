package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A disk in memory. Fault model: reads of ranges behind {@link #failFrom} fail until {@link
 * #recover} mends that; {@link #damaged} ranges are told, their bytes being noise. Threading:
 * confined to the test's thread.
 */
final class MemoryDisk implements DiskSource {

  final byte[] bytes;
  final List<DamagedRange> damaged = new ArrayList<>();
  long failFrom = Long.MAX_VALUE;
  boolean recovers;
  int recoveries;

  MemoryDisk(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  public String description() {
    return "memory";
  }

  @Override
  public long sizeBytes() {
    return bytes.length;
  }

  @Override
  public CompletableFuture<Piece> read(long offsetBytes, MemorySegment buffer) {
    long end = offsetBytes + buffer.byteSize();
    if (end > failFrom) {
      return CompletableFuture.failedFuture(new DeviceException.Corrupt("the map"));
    }
    MemorySegment.copy(MemorySegment.ofArray(bytes), offsetBytes, buffer, 0, buffer.byteSize());
    var found =
        damaged.stream()
            .filter(r -> r.sector() * 512 >= offsetBytes && r.sector() * 512 < end)
            .toList();
    found.forEach(r ->
        buffer.asSlice(r.sector() * 512 - offsetBytes, r.sectorCount() * 512).fill((byte) 0x55));
    boolean zeroes =
        found.isEmpty()
            && buffer.mismatch(MemorySegment.ofArray(new byte[(int) buffer.byteSize()])) < 0;
    if (zeroes) {
      buffer.fill((byte) 0x77); // nobody may look
    }
    return CompletableFuture.completedFuture(zeroes ? Piece.ZEROES : new Piece(false, found));
  }

  @Override
  public boolean recover(DeviceException failure) {
    recoveries++;
    failFrom = recovers ? Long.MAX_VALUE : failFrom;
    return recovers;
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
