package dev.isthmus.blockdevice;

/** Where a device reports the end of one command. Called exactly once; must not block. */
@FunctionalInterface
public interface IoCompletion {

  /** The command ended with {@code status}, and its buffers are the caller's again. */
  void complete(IoStatus status);

  /**
   * A compare-and-write found a difference.
   *
   * @param firstDifferenceBytes index of the first differing byte, from the start of the range
   *     (SCSI reports it, SBC-4 COMPARE AND WRITE)
   */
  default void completeMiscompare(long firstDifferenceBytes) {
    complete(IoStatus.MISCOMPARE);
  }

  /**
   * Whether the caller gave the command up. Asked from threads of the device, any number of times;
   * once true it stays true.
   */
  default boolean isCancelled() {
    return false;
  }
}
