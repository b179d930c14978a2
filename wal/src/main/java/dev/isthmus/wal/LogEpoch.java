package dev.isthmus.wal;

import java.util.UUID;

/**
 * One term of ownership as a log knows it. Immutable.
 *
 * @param epoch from 1
 * @param writer random, new with each open
 * @param incarnation from 1
 */
public record LogEpoch(long epoch, UUID writer, long incarnation) {
  public LogEpoch {
    if (epoch < 1 || incarnation < 1) {
      throw new IllegalArgumentException(
          "epoch and incarnation start at 1: " + epoch + ", " + incarnation);
    }
  }
}
