package dev.isthmus.blocktranslation.store;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * A request to an object store failed. The subclass says what the caller can do about it; the
 * message names the store and the key and holds no credential.
 */
public abstract sealed class StoreException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1;

  private StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** The store says that there is no object at this key. */
  public static final class NotFound extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    public NotFound(String message) {
      super(message, null);
    }
  }

  /**
   * The condition of a put did not hold; perhaps because an earlier attempt of the same put took
   * effect: look at the object.
   */
  public static final class PreconditionFailed extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    private final int attempts;

    public PreconditionFailed(String message, int attempts) {
      super(message, null);
      this.attempts = attempts;
    }

    /** How often this put was sent. One: another writer, for certain. */
    public int attempts() {
      return attempts;
    }
  }

  /** The range selects no byte of the object: whoever named it was wrong about its length. */
  public static final class OutOfRange extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    public OutOfRange(String message) {
      super(message, null);
    }
  }

  /**
   * It may work later: retries are used up, the deadline has passed, the queue is full, or the
   * store is closed.
   */
  public static final class Unavailable extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    private final int attempts;

    public Unavailable(String message, int attempts, @Nullable Throwable cause) {
      super(message, cause);
      this.attempts = attempts;
    }

    /**
     * How often the request was sent. None: it had no effect. More: it may have had, and may still
     * have it later.
     */
    public int attempts() {
      return attempts;
    }
  }

  /** The credentials are missing, wrong, or do not allow this: give others, or change a policy. */
  public static final class Unauthorized extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    public Unauthorized(String message) {
      super(message, null);
    }
  }

  /** The request can't succeed as it is (key, size, bucket, server's feature): change it. */
  public static final class Invalid extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    public Invalid(String message) {
      super(message, null);
    }

    public Invalid(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** What arrived is not what was stored or announced: length or checksum differ. */
  public static final class Corrupt extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    public Corrupt(String message) {
      super(message, null);
    }

    public Corrupt(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** A defect of this program, or an answer that no rule of the protocol allows: report it. */
  public static final class Internal extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    public Internal(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * How one attempt failed that is worth another. Callers of {@link ObjectStore} meet these only as
   * the cause of {@link Unavailable}.
   */
  public abstract static sealed class Transient extends StoreException {
    @Serial private static final long serialVersionUID = 1;

    private Transient(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** Another conditional put on the same key was under way (S3: 409 ConditionalRequestConflict). */
  public static final class Conflict extends Transient {
    @Serial private static final long serialVersionUID = 1;

    public Conflict(String message) {
      super(message, null);
    }
  }

  /** The server asks for fewer requests (S3: 429, 503). */
  public static final class Throttled extends Transient {
    @Serial private static final long serialVersionUID = 1;

    public Throttled(String message) {
      super(message, null);
    }
  }

  /** The server failed on its side (S3: 500, 502, 504). */
  public static final class ServerFailed extends Transient {
    @Serial private static final long serialVersionUID = 1;

    public ServerFailed(String message) {
      super(message, null);
    }
  }

  /**
   * A body was damaged on its way: its length or checksum is not what was announced. It becomes
   * {@link Corrupt} if it goes on so.
   */
  public static final class Damaged extends Transient {
    @Serial private static final long serialVersionUID = 1;

    public Damaged(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** No answer in time. */
  public static final class Timeout extends Transient {
    @Serial private static final long serialVersionUID = 1;

    public Timeout(String message) {
      super(message, null);
    }
  }

  /** No connection, or it broke. */
  public static final class Unreachable extends Transient {
    @Serial private static final long serialVersionUID = 1;

    public Unreachable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
