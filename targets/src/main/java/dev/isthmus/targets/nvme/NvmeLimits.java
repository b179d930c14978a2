package dev.isthmus.targets.nvme;

/**
 * What one host may ask of the target. Immutable, valid.
 *
 * @param ioQueuesPerController most I/O queues of one controller; hosts get the lesser of this and
 *     what they ask
 * @param queueDepth most entries of an I/O queue, which CAP.MQES and MAXCMD announce
 * @param inCapsuleBytes write data an I/O queue takes with its command (IOCCSZ); beyond, the target
 *     asks for it by R2T
 * @param maxTransferBytes bound on MDTS; the device's own bound applies too
 * @param maxH2cDataBytes most data of one H2CData PDU (MAXH2CDATA)
 * @param controllersPerSubsystem most associations with one subsystem at a time
 */
public record NvmeLimits(
    int ioQueuesPerController,
    int queueDepth,
    int inCapsuleBytes,
    int maxTransferBytes,
    int maxH2cDataBytes,
    int controllersPerSubsystem) {

  /** NVMe/TCP 1.0, 3.3.1: admin queues always take 8192 bytes in-capsule; we offer it at least. */
  static final int ADMIN_IN_CAPSULE_BYTES = 8192;

  static final int MAX_IN_CAPSULE_BYTES = 64 << 10;
  static final int MAX_TRANSFER_BYTES = 4 << 20;

  public NvmeLimits {
    require(ioQueuesPerController >= 1 && ioQueuesPerController <= 128, "1 to 128 I/O queues");
    require(queueDepth >= 16 && queueDepth <= 1024, "a queue depth of 16 to 1024 entries");
    require(
        inCapsuleBytes >= 4096
            && inCapsuleBytes <= MAX_IN_CAPSULE_BYTES
            && inCapsuleBytes % 4096 == 0,
        "4096 to 65536 bytes in-capsule, in steps of 4096");
    require(
        maxTransferBytes >= 64 << 10
            && maxTransferBytes <= MAX_TRANSFER_BYTES
            && Integer.bitCount(maxTransferBytes) == 1,
        "a largest transfer of 64 KiB to 4 MiB, a power of two (MDTS is one)");
    require(
        maxH2cDataBytes >= 4096
            && maxH2cDataBytes <= MAX_TRANSFER_BYTES
            && maxH2cDataBytes % 4 == 0,
        "MAXH2CDATA of 4096 bytes to 4 MiB, a multiple of 4");
    require(
        controllersPerSubsystem >= 1 && controllersPerSubsystem <= 4096,
        "1 to 4096 controllers per subsystem");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("NVMe/TCP limits: " + what);
    }
  }

  /** 16 queues of 128 entries, 8 KiB in-capsule, transfers of 1 MiB in chunks of 256 KiB. */
  public static NvmeLimits defaults() {
    return new NvmeLimits(16, 128, 8192, 1 << 20, 256 << 10, 256);
  }
}
