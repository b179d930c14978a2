package dev.isthmus.blocktranslation.store;

/**
 * How one request is made. Immutable.
 *
 * @param purpose what it is counted under
 * @param timeoutNanos time from the call to its end at the latest, waiting and retries included; 0
 *     for the store's default, {@link StoreLimits#defaultTimeoutNanos()}
 * @param looksFirst whether a put's condition is looked at before each attempt and not sent with it
 *     ({@link LookedPut}); a put without one and other requests take no notice
 * @param maxAttempts most attempts, the first included; 0 for the store's default, {@link
 *     StoreLimits#maxAttempts()}, which is also the most
 */
public record RequestOptions(
    RequestPurpose purpose, long timeoutNanos, boolean looksFirst, int maxAttempts) {

  /** Conditions are sent. */
  public RequestOptions(RequestPurpose purpose, long timeoutNanos) {
    this(purpose, timeoutNanos, false, 0);
  }

  public RequestOptions {
    if (timeoutNanos < 0) {
      throw new IllegalArgumentException("timeout " + timeoutNanos + " ns");
    }
    if (maxAttempts < 0) {
      throw new IllegalArgumentException(maxAttempts + " attempts");
    }
  }

  /** The store's default deadline. */
  public static RequestOptions of(RequestPurpose purpose) {
    return new RequestOptions(purpose, 0);
  }

  /** The same with a deadline of its own. */
  public RequestOptions withTimeoutNanos(long newTimeoutNanos) {
    return new RequestOptions(purpose, newTimeoutNanos, looksFirst, maxAttempts);
  }

  /** The same for a server that ignores or refuses conditions. */
  public RequestOptions lookingFirst() {
    return new RequestOptions(purpose, timeoutNanos, true, maxAttempts);
  }

  /** The same for a caller that tries again by itself, and wants to hear of trouble early. */
  public RequestOptions withMaxAttempts(int newMaxAttempts) {
    return new RequestOptions(purpose, timeoutNanos, looksFirst, newMaxAttempts);
  }
}
