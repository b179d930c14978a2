package dev.isthmus.blockdevice;

/**
 * What a device is. Immutable; a snapshot.
 *
 * @param identity which disk, and which life of it
 * @param name what people call it: no secret, at most 255 characters
 * @param sizeBytes a multiple of the block size
 * @param blockSizeBytes 512 or 4096: unit of alignment and of atomicity
 * @param maxTransferBytes most bytes of one read or write; at least 1 MiB
 * @param optimalIoBytes length and alignment at which the device works best; a multiple of the
 *     block
 * @param readOnly whether writes are refused
 * @param volatileWriteCache whether a completed write needs a flush to reach the flush tier
 * @param discards whether a discard gives space back; where not it completes and may do nothing
 * @param zeroesAfterDiscard whether discarded blocks read as zeroes
 */
public record DeviceInfo(
    DeviceIdentity identity,
    String name,
    long sizeBytes,
    int blockSizeBytes,
    int maxTransferBytes,
    int optimalIoBytes,
    boolean readOnly,
    boolean volatileWriteCache,
    boolean discards,
    boolean zeroesAfterDiscard) {

  /** Least value of {@link #maxTransferBytes}. */
  public static final int MIN_MAX_TRANSFER_BYTES = 1 << 20;

  public DeviceInfo {
    if (blockSizeBytes != 512 && blockSizeBytes != 4096) {
      throw new IllegalArgumentException("block size " + blockSizeBytes + " is not 512 or 4096");
    }
    if (sizeBytes <= 0 || sizeBytes % blockSizeBytes != 0) {
      throw new IllegalArgumentException(
          "size " + sizeBytes + " is not a positive multiple of the block size " + blockSizeBytes);
    }
    if (maxTransferBytes < MIN_MAX_TRANSFER_BYTES || maxTransferBytes % blockSizeBytes != 0) {
      throw new IllegalArgumentException("max transfer " + maxTransferBytes);
    }
    if (optimalIoBytes < blockSizeBytes || optimalIoBytes % blockSizeBytes != 0) {
      throw new IllegalArgumentException("optimal I/O " + optimalIoBytes);
    }
    if (name.isEmpty() || name.length() > 255) {
      throw new IllegalArgumentException("a device name has 1 to 255 characters");
    }
  }

  /** Number of blocks. */
  public long blocks() {
    return sizeBytes / blockSizeBytes;
  }

  /**
   * Checks a range against this geometry.
   *
   * @return {@link IoStatus#OK}, {@link IoStatus#INVALID} or {@link IoStatus#OUT_OF_RANGE}
   */
  public IoStatus checkRange(long offsetBytes, long lengthBytes) {
    if (offsetBytes < 0
        || lengthBytes <= 0
        || offsetBytes % blockSizeBytes != 0
        || lengthBytes % blockSizeBytes != 0) {
      return IoStatus.INVALID;
    }
    return lengthBytes > sizeBytes || offsetBytes > sizeBytes - lengthBytes
        ? IoStatus.OUT_OF_RANGE
        : IoStatus.OK;
  }

  /**
   * Checks a command's shape: range, transfer limit, a read's buffer that can be written, equal
   * lengths of a compare-and-write. Every device calls this first, so that all refuse alike.
   */
  public IoStatus check(IoCommand command) {
    return switch (command) {
      case IoCommand.Read c ->
          c.buffer().isReadOnly()
              ? IoStatus.INVALID
              : checkTransfer(c.offsetBytes(), c.buffer().byteSize());
      case IoCommand.Write c -> checkTransfer(c.offsetBytes(), c.data().byteSize());
      case IoCommand.WriteZeroes c -> checkRange(c.offsetBytes(), c.lengthBytes());
      case IoCommand.Discard c -> checkRange(c.offsetBytes(), c.lengthBytes());
      case IoCommand.CompareAndWrite c ->
          c.expected().byteSize() == c.data().byteSize()
              ? checkTransfer(c.offsetBytes(), c.data().byteSize())
              : IoStatus.INVALID;
      case IoCommand.Flush c -> IoStatus.OK;
    };
  }

  private IoStatus checkTransfer(long offsetBytes, long lengthBytes) {
    return lengthBytes > maxTransferBytes ? IoStatus.INVALID : checkRange(offsetBytes, lengthBytes);
  }
}
