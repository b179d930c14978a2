package dev.isthmus.benchmarks.wire;

import java.io.IOException;

/**
 * One connection over which requests go, each under a tag of the caller's. Threading: one thread.
 */
public interface Wire extends AutoCloseable {

  /** Hears of requests that ended well; those that did not end a {@link #poll} with an error. */
  @FunctionalInterface
  interface Ended {
    void ended(int tag) throws IOException;
  }

  /** Most requests in flight; tags are below it. */
  int MAX_IN_FLIGHT = 63;

  /**
   * Puts a request into the send buffer.
   *
   * @param tag not in flight, 0 to {@link #MAX_IN_FLIGHT} - 1
   * @param block first block; without meaning for a flush
   */
  void submit(int tag, Operation operation, long block);

  /** Gives the kernel what it takes of the send buffer now. */
  void send() throws IOException;

  /**
   * Handles what has arrived, without waiting.
   *
   * @throws IOException if the connection or a request failed, or a read brought another block
   */
  void poll(Ended ended) throws IOException;

  @Override
  void close() throws IOException;
}
