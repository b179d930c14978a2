package dev.isthmus.benchmarks.wire;

/** What a request does. */
public enum Operation {
  READ,
  WRITE,
  FLUSH
}
