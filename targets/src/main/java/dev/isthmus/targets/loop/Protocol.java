package dev.isthmus.targets.loop;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A protocol core of one connection: bytes in, slices to send out. It knows no socket.
 *
 * <p>Threading: every method on the connection's loop.
 */
public interface Protocol {

  /**
   * Takes bytes from the peer, in order. The memory is the loop's and changes after the call.
   *
   * @param input the bytes, from offset 0
   * @param lengthBytes how many
   * @return how many were consumed. The rest is offered again with what follows it; a core that
   *     leaves {@link #maxUnconsumedBytes} or more must have paused reading
   */
  int received(MemorySegment input, int lengthBytes);

  /** Bytes of the longest message that {@link #received} needs whole. */
  int maxUnconsumedBytes();

  /**
   * Where the next bytes of the stream should land without a copy, or null. Asked only while
   * nothing is unconsumed.
   */
  default @Nullable ByteBuffer directTarget() {
    return null;
  }

  /** {@code lengthBytes} landed in {@link #directTarget}. */
  default void directReceived(int lengthBytes) {
    throw new IllegalStateException("no direct target was given");
  }

  /** Whether the peer owes bytes: a peer that then sends nothing for the stall limit is closed. */
  boolean awaitsPeer();

  /** The connection is gone. Called once; the transport is not used any more. */
  void closed(String reason);
}
