package dev.isthmus.gateway.kernel;

/**
 * One write of one owner's client.
 *
 * @param writer tells the clients apart, from 1
 * @param sequence of the client's writes, from 1: what it submits over one connection, data within
 *     the capsule, is applied in that order
 */
record StampedWrite(int writer, int sequence, int block, int blocks) {

  /** What the blocks hold; never 0. */
  long stamp() {
    return (long) writer << Integer.SIZE | sequence;
  }

  static String describe(long stamp) {
    return stamp == 0
        ? "nothing"
        : "write %d of client %d".formatted((int) stamp, stamp >>> Integer.SIZE);
  }
}
