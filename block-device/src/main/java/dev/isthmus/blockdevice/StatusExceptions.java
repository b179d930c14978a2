package dev.isthmus.blockdevice;

/** The one mapping from how a command ended to the exception of who waited for it. Immutable. */
public final class StatusExceptions {

  private StatusExceptions() {}

  /**
   * The exception for {@code status}, which is not {@link IoStatus#OK}.
   *
   * @param what what failed and where, as in {@code read of 4096 bytes at 0 on disk1}
   */
  public static DeviceException of(IoStatus status, String what) {
    return switch (status) {
      case OK -> throw new IllegalArgumentException("OK is no failure");
      case INVALID ->
          new DeviceException.Invalid(
              what + ": misaligned, empty, or longer than the device takes");
      case OUT_OF_RANGE -> new DeviceException.Invalid(what + ": beyond the device's end");
      case UNSUPPORTED -> new DeviceException.Invalid(what + ": the device does not do this");
      case MISCOMPARE -> new DeviceException.Invalid(what + ": the range holds other bytes");
      case READ_ONLY -> new DeviceException.Invalid(what + ": the device is read-only");
      case BUSY -> new DeviceException.Unavailable(what + ": no room for it now; try again");
      case UNAVAILABLE ->
          new DeviceException.Unavailable(what + ": the device can't serve now; try again");
      case CANCELLED -> new DeviceException.Unavailable(what + ": cancelled, without effect");
      case CLOSED -> new DeviceException.Unavailable(what + ": the device is closed");
      case CAPACITY_EXCEEDED -> new DeviceException.Exhausted(what + ": no space left");
      case FENCED -> new DeviceException.Fenced(what + ": another owner took the device over");
      case CORRUPT ->
          new DeviceException.Corrupt(
              what + ": the bytes failed their checks, and no copy is good");
      case MEDIA_ERROR -> new DeviceException.Corrupt(what + ": the medium failed");
      case INTERNAL -> new DeviceException.Internal(what + ": a defect; the log says more");
    };
  }
}
