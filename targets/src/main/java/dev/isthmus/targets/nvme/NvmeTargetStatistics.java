package dev.isthmus.targets.nvme;

import java.util.List;
import java.util.Map;

/**
 * What a target did so far. A snapshot; counters of one snapshot may differ by commands that ended
 * while it was taken.
 *
 * @param connections open now
 * @param connectionsTotal accepted since the start
 * @param connectionsRefused closed at once for the connection limit
 * @param connectionsFailed ended by a protocol error
 * @param defects failures that only a defect of ours explains, survived and logged; anything but 0
 *     is worth a report
 * @param bufferMemoryUsedBytes payload memory in use now
 * @param subsystems by NQN, in the order of publishing; commands of discovery count as admin
 *     commands of the discovery NQN
 */
public record NvmeTargetStatistics(
    int connections,
    long connectionsTotal,
    long connectionsRefused,
    long connectionsFailed,
    long defects,
    long bufferMemoryUsedBytes,
    Map<String, Subsystem> subsystems) {

  /**
   * One subsystem.
   *
   * @param associations alive now
   * @param inFlight commands that the device holds now
   * @param operations by kind; kinds that never came are absent
   */
  public record Subsystem(
      int associations, long inFlight, Map<NvmeOperation, Operation> operations) {}

  /**
   * One kind of command.
   *
   * @param count ended, with any status
   * @param bytes moved by those that succeeded
   * @param errors how often each NVMe status other than success was given: key is status code type
   *     × 256 + status code (Base 2.0, figure 92 and on)
   * @param latency from the command's arrival to its answer being queued
   */
  public record Operation(long count, long bytes, Map<Integer, Long> errors, Latency latency) {}

  /**
   * A histogram of times.
   *
   * @param sumNanos of all
   * @param buckets in ascending order, empty ones left out
   */
  public record Latency(long sumNanos, List<Bucket> buckets) {}

  /**
   * A part of a histogram.
   *
   * @param upperNanos the longest time that counts here
   * @param count how many
   */
  public record Bucket(long upperNanos, long count) {}
}
