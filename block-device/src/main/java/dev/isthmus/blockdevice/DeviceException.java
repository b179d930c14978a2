package dev.isthmus.blockdevice;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A control call failed. The subclass says what the caller can do about it; the message says what
 * was wrong, where, and what to do. Messages hold no credential.
 */
public abstract sealed class DeviceException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1;

  private DeviceException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The request is wrong: change it. */
  public static final class Invalid extends DeviceException {
    @Serial private static final long serialVersionUID = 1;

    public Invalid(String message) {
      super(message, null);
    }

    public Invalid(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Something that is needed can't be reached or does not exist now: try later, or provide it. */
  public static final class Unavailable extends DeviceException {
    @Serial private static final long serialVersionUID = 1;

    public Unavailable(String message) {
      super(message, null);
    }

    public Unavailable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** A limit is reached (space, memory, handles): free some, or raise it. */
  public static final class Exhausted extends DeviceException {
    @Serial private static final long serialVersionUID = 1;

    public Exhausted(String message) {
      super(message, null);
    }

    public Exhausted(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Another owner has the device: let go of it. */
  public static final class Fenced extends DeviceException {
    @Serial private static final long serialVersionUID = 1;

    public Fenced(String message) {
      super(message, null);
    }

    public Fenced(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * Stored data failed its checks: look at it; a retry does not help and is never made in silence.
   */
  public static final class Corrupt extends DeviceException {
    @Serial private static final long serialVersionUID = 1;

    public Corrupt(String message) {
      super(message, null);
    }

    public Corrupt(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** A defect of this program: report it. */
  public static final class Internal extends DeviceException {
    @Serial private static final long serialVersionUID = 1;

    public Internal(String message) {
      super(message, null);
    }

    public Internal(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
