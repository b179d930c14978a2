package dev.isthmus.blockdevice;

/**
 * Whether a device takes commands.
 *
 * @param kind what it does with them
 * @param reason for people; empty when ready
 */
public record DeviceState(Kind kind, String reason) {

  /** What the device does with commands. */
  public enum Kind {
    /** Serves everything. */
    READY,
    /**
     * Serves reads as far as it can; writes wait or end retryably; may become ready by itself, or
     * by what its operator does.
     */
    STALLED,
    /**
     * Serves everything, but with less safety than it was asked for; or holds changes back and has
     * refused none yet.
     */
    DEGRADED,
    /** Serves reads; another owner has the device. */
    FENCED,
    /** Serves nothing any more. */
    FAILED,
    /** Closed by its owner. */
    CLOSED
  }

  /** The normal state. */
  public static final DeviceState READY = new DeviceState(Kind.READY, "");

  /** After {@link BlockDevice#close()}. */
  public static final DeviceState CLOSED = new DeviceState(Kind.CLOSED, "closed");
}
