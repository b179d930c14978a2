package dev.isthmus.targets.nvme;

import java.time.Duration;

/**
 * How long the target waits. Immutable, valid.
 *
 * @param handshakeNanos for ICReq after the connection, and for Connect after that
 * @param drainNanos longest that a Connect waits until the dead associations of its host are
 *     drained before it is answered Controller Busy (retryable), and that {@code unpublish} and
 *     {@code close} wait for commands in flight
 * @param discoveryIdleNanos a discovery association without keep alive timer ends after so long
 *     without a command (NVMe Base 2.0, 3.1.2.3: two minutes)
 * @param retryDelayNanos what a host is told to wait before it retries a command that the device
 *     could not serve (CRDT1): five tries of Linux then span five times this
 * @param identityRetryDelayNanos the same for a command refused until the namespace's identity was
 *     read again (CRDT2)
 */
public record NvmeTimeouts(
    long handshakeNanos,
    long drainNanos,
    long discoveryIdleNanos,
    long retryDelayNanos,
    long identityRetryDelayNanos) {

  private static final long CRDT_UNIT_NANOS = 100_000_000;

  public NvmeTimeouts {
    require(handshakeNanos > 0 && drainNanos > 0 && discoveryIdleNanos > 0);
    require(retryDelayNanos > 0 && retryDelayNanos / CRDT_UNIT_NANOS <= 0xFFFF);
    require(identityRetryDelayNanos > 0 && identityRetryDelayNanos / CRDT_UNIT_NANOS <= 0xFFFF);
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalArgumentException(
          "NVMe/TCP time-outs are positive, and retry delays at most 6553 s");
    }
  }

  /** 10 s handshake, 15 s drain, 2 min idle discovery, 30 s and 2 s between retries. */
  public static NvmeTimeouts defaults() {
    return new NvmeTimeouts(
        Duration.ofSeconds(10).toNanos(),
        Duration.ofSeconds(15).toNanos(),
        Duration.ofMinutes(2).toNanos(),
        Duration.ofSeconds(30).toNanos(),
        Duration.ofSeconds(2).toNanos());
  }

  /** The same with another bound on draining. */
  public NvmeTimeouts withDrainNanos(long value) {
    return new NvmeTimeouts(
        handshakeNanos, value, discoveryIdleNanos, retryDelayNanos, identityRetryDelayNanos);
  }

  /** The same with another bound on the handshake. */
  public NvmeTimeouts withHandshakeNanos(long value) {
    return new NvmeTimeouts(
        value, drainNanos, discoveryIdleNanos, retryDelayNanos, identityRetryDelayNanos);
  }

  /** A duration in the units of CRDT, 100 ms, rounded up. */
  static int crdt(long nanos) {
    return (int) Math.min(0xFFFF, (nanos + CRDT_UNIT_NANOS - 1) / CRDT_UNIT_NANOS);
  }
}
