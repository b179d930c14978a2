package dev.isthmus.gateway.metrics;

import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.targets.nvme.NvmeTargetStatistics;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Metrics of the NVMe/TCP target: commands by volume and operation. Threading: immutable. */
final class NvmeMetrics {

  private static final double NANOS = 1e9;

  /** From a read out of memory to a bucket that hangs. */
  private static final long[] BOUNDS_MICROS = {
    10,
    25,
    50,
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    10_000_000
  };

  private NvmeMetrics() {}

  static void write(
      NvmeTargetStatistics statistics, List<VolumeView> volumes, PrometheusText text) {
    text.gauge("isthmus_nvme_connections", "TCP connections open.", statistics.connections());
    text.counter(
        "isthmus_nvme_connections_total", "TCP connections taken.", statistics.connectionsTotal());
    text.counter(
        "isthmus_nvme_connections_refused_total",
        "TCP connections closed at once for the limit.",
        statistics.connectionsRefused());
    text.counter(
        "isthmus_nvme_connections_failed_total",
        "TCP connections ended by a protocol error.",
        statistics.connectionsFailed());
    text.counter(
        "isthmus_nvme_defects_total",
        "Failures of the target itself; its log says more.",
        statistics.defects());
    text.gauge(
        "isthmus_nvme_buffer_memory_bytes",
        "Payload memory in use.",
        statistics.bufferMemoryUsedBytes());
    Map<String, String> names = new HashMap<>();
    for (VolumeView volume : volumes) {
      if (volume.publication() != null) {
        names.put(volume.publication().nqn(), volume.name());
      }
    }
    statistics
        .subsystems()
        .forEach((nqn, subsystem) -> subsystem(nqn, names.getOrDefault(nqn, ""), subsystem, text));
  }

  private static void subsystem(
      String nqn, String volume, NvmeTargetStatistics.Subsystem subsystem, PrometheusText text) {
    String[] labels = {"volume", volume, "nqn", nqn};
    text.gauge(
        "isthmus_nvme_associations",
        "Hosts' connections in NVMe's sense.",
        subsystem.associations(),
        labels);
    text.gauge(
        "isthmus_nvme_commands_in_flight",
        "Commands that the device holds.",
        subsystem.inFlight(),
        labels);
    subsystem
        .operations()
        .forEach((kind, operation) -> {
          String name = kind.name().toLowerCase(Locale.ROOT);
          String[] all = {"volume", volume, "nqn", nqn, "operation", name};
          text.counter(
              "isthmus_nvme_commands_total", "Commands that ended.", operation.count(), all);
          text.counter(
              "isthmus_nvme_transferred_bytes_total",
              "Bytes moved by commands that succeeded.",
              operation.bytes(),
              all);
          operation
              .errors()
              .forEach((status, count) ->
                  text.counter(
                      "isthmus_nvme_command_errors_total",
                      "Commands answered with another status than success.",
                      count,
                      "volume",
                      volume,
                      "nqn",
                      nqn,
                      "operation",
                      name,
                      "status",
                      String.format(Locale.ROOT, "0x%04x", status)));
          latency(operation, all, text);
        });
  }

  /** A bucket counts only at the first bound that is surely above all of it. */
  private static void latency(
      NvmeTargetStatistics.Operation operation, String[] labels, PrometheusText text) {
    var cumulative = new TreeMap<Double, Long>();
    long total = 0;
    for (long micros : BOUNDS_MICROS) {
      long atMost = 0;
      for (NvmeTargetStatistics.Bucket bucket : operation.latency().buckets()) {
        if (bucket.upperNanos() <= micros * 1000) {
          atMost += bucket.count();
        }
      }
      cumulative.put(micros / 1e6, atMost);
    }
    for (NvmeTargetStatistics.Bucket bucket : operation.latency().buckets()) {
      total += bucket.count();
    }
    text.histogram(
        "isthmus_nvme_command_duration_seconds",
        "From a command's arrival to its answer being queued.",
        cumulative,
        operation.latency().sumNanos() / NANOS,
        total,
        labels);
  }
}
