package dev.isthmus.targets.loop;

import java.net.SocketAddress;

/**
 * What a protocol core sees of its connection. No engine shows through, so a core runs in a test
 * without a socket.
 *
 * <p>Threading: every method on the loop.
 */
public interface Transport {

  /** The loop that owns the connection. */
  EventLoop loop();

  /** Where answers go. It is sent at the end of the loop's turn, in one write. */
  Outbox outbox();

  /** Asks that the outbox be sent although nothing was received now. */
  void wantFlush();

  /**
   * Takes no more bytes from the peer until {@link #resumeReading}: back-pressure. Bytes given
   * already and not consumed are offered again then.
   */
  void pauseReading();

  /** Undoes {@link #pauseReading}. */
  void resumeReading();

  /**
   * Runs {@code action} once everything that the peer's system had delivered when this was called
   * was read and given to the core, and nothing is held back by a pause. Not run if the connection
   * ends first.
   */
  void whenDry(Runnable action);

  /**
   * Sends what is queued, then ends the sending side and discards what still comes until the peer
   * ends too or a short time passed: the way to have a last message arrive. The core gets no more
   * bytes.
   */
  void finish();

  /** Closes now; what is queued is dropped. */
  void close(String reason);

  /** For people and logs. */
  SocketAddress remoteAddress();
}
