package dev.isthmus.blockdevice;

/**
 * How a command on the data path ended: the complete set. Targets map each constant once to an NVMe
 * status or SCSI sense. A retryable status promises that the command had no effect.
 */
public enum IoStatus {
  /** Done, at the tier that the command asked for. */
  OK(false),
  /** Misaligned, empty, longer than the device takes, or a read into read-only memory. */
  INVALID(false),
  /** Some of the range lies beyond the device's end. */
  OUT_OF_RANGE(false),
  /** The device does not do this command at all. */
  UNSUPPORTED(false),
  /** A compare found other bytes; nothing was written. */
  MISCOMPARE(false),
  /** No room for the command now; the same command may succeed later. */
  BUSY(true),
  /**
   * The device can't serve now and may again: its log is full, its store out of reach. A write that
   * waited its limit ends so.
   */
  UNAVAILABLE(true),
  /** Space for data is used up, for good as far as the device knows. */
  CAPACITY_EXCEEDED(false),
  /** The device takes no writes. */
  READ_ONLY(false),
  /** Another owner took the device over; nothing that changes it is taken any more. */
  FENCED(false),
  /** Bytes read did not pass their checks and no good copy was found. Never retried in silence. */
  CORRUPT(false),
  /** The medium below failed. For a write or flush: what is durable is unknown. */
  MEDIA_ERROR(false),
  /** Given up by the caller before it was applied; it never takes effect. */
  CANCELLED(true),
  /** The device is closed or closing. */
  CLOSED(true),
  /** A defect in the device; the log says more. */
  INTERNAL(false);

  private final boolean retryable;

  IoStatus(boolean retryable) {
    this.retryable = retryable;
  }

  /** Whether the command had no effect and the same command may succeed later. */
  public boolean isRetryable() {
    return retryable;
  }
}
