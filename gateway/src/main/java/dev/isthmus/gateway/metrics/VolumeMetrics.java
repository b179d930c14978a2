package dev.isthmus.gateway.metrics;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.StoredBytes;
import dev.isthmus.blocktranslation.VolumeStatistics;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.gateway.daemon.VolumeView;
import java.util.List;
import java.util.Locale;

/** Metrics of volumes: states, positions, logs, caches, maps, requests. Threading: immutable. */
final class VolumeMetrics {

  private static final double NANOS = 1e9;

  private VolumeMetrics() {}

  static void write(List<VolumeView> volumes, PrometheusText text) {
    for (VolumeView volume : volumes) {
      String name = volume.name();
      text.gauge(
          "isthmus_volume_open", "1 if it is open.", bit(volume.open() != null), "volume", name);
      text.gauge(
          "isthmus_volume_published",
          "1 if hosts can connect to it.",
          bit(volume.publication() != null),
          "volume",
          name);
      VolumeView.Open open = volume.open();
      if (open != null) {
        device(name, open, text);
      }
    }
  }

  private static long bit(boolean value) {
    return value ? 1 : 0;
  }

  private static void device(String volume, VolumeView.Open open, PrometheusText text) {
    for (DeviceState.Kind kind : DeviceState.Kind.values()) {
      text.gauge(
          "isthmus_volume_state",
          "1 for the state that it is in.",
          bit(open.state().kind() == kind),
          "volume",
          volume,
          "state",
          kind.name().toLowerCase(Locale.ROOT));
    }
    text.gauge("isthmus_volume_size_bytes", "Its size.", open.info().sizeBytes(), "volume", volume);
    text.gauge(
        "isthmus_volume_incarnation",
        "Goes up each time that it opened in an older state.",
        open.info().identity().incarnation(),
        "volume",
        volume);
    text.gauge(
        "isthmus_volume_rolled_back",
        "1 if this open found an older state.",
        bit(open.outcome() instanceof OpenOutcome.RolledBack),
        "volume",
        volume);
    position(volume, "applied", open.positions().appliedLsn(), text);
    position(volume, "local", open.positions().localDurableLsn(), text);
    position(volume, "uploaded", open.positions().uploadedLsn(), text);
    VolumeView.Bucket bucket = open.bucket();
    if (bucket != null) {
      text.gauge(
          "isthmus_volume_log_failed",
          "1 if the local log failed: no change is taken until the volume is recovered.",
          bit(bucket.logFailed()),
          "volume",
          volume);
      text.gauge(
          "isthmus_volume_unfenced",
          "1 if nothing but people keeps another gateway from writing over it (fencing=none).",
          bit(bucket.summary().fencing() == Fencing.NONE),
          "volume",
          volume);
      log(volume, bucket.statistics(), text);
      rpo(volume, bucket, text);
      cacheAndMap(volume, bucket.statistics(), text);
      stored(volume, bucket.statistics().stored(), text);
      requests(volume, bucket.requests(), text);
      if (bucket.scrub() != null) {
        scrub(volume, bucket.scrub(), text);
      }
    }
  }

  private static void position(String volume, String tier, long lsn, PrometheusText text) {
    text.gauge(
        "isthmus_volume_position_lsn",
        "Newest log sequence number at a durability tier.",
        lsn,
        "volume",
        volume,
        "tier",
        tier);
  }

  private static void rpo(String volume, VolumeView.Bucket bucket, PrometheusText text) {
    String[] label = {"volume", volume};
    Rpo rpo = bucket.keepsTo().rpo();
    text.gauge(
        "isthmus_volume_rpo_seconds",
        "How old the oldest write that is not in the bucket should be at most; 0 for no limit.",
        rpo.alarmNanos() / NANOS,
        label);
    text.gauge(
        "isthmus_volume_rpo_enforced",
        "1 if writers wait rather than exceed the rpo.",
        bit(rpo.isEnforced()),
        label);
    text.gauge(
        "isthmus_volume_rpo_exceeded",
        "1 if the oldest write that is not in the bucket is older than the rpo.",
        bit(bucket.statistics().rpoExceeded()),
        label);
    text.counter(
        "isthmus_volume_rpo_exceeded_seconds_total",
        "Time in which the rpo was exceeded.",
        bucket.statistics().rpoExceededNanos() / NANOS,
        label);
  }

  private static void log(String volume, VolumeStatistics s, PrometheusText text) {
    String[] label = {"volume", volume};
    text.gauge("isthmus_volume_log_bytes", "Local disk that the log takes.", s.logBytes(), label);
    text.gauge(
        "isthmus_volume_log_capacity_bytes",
        "What the log may take before writers wait.",
        s.logCapacityBytes(),
        label);
    text.gauge(
        "isthmus_volume_upload_lag_bytes",
        "Written data that is not in the bucket yet: what losing this host loses.",
        s.uploadLagBytes(),
        label);
    text.gauge(
        "isthmus_volume_upload_lag_seconds",
        "Age of the oldest write that is not in the bucket yet.",
        s.uploadLagNanos() / NANOS,
        label);
    text.gauge(
        "isthmus_volume_dirty_extents",
        "Extents that reads find in the log.",
        s.dirtyExtents(),
        label);
    text.gauge(
        "isthmus_volume_held_back_writes",
        "Writes that wait for room in the log, or for the bucket by an enforced rpo.",
        s.heldBackWrites(),
        label);
    text.counter(
        "isthmus_volume_throttled_seconds_total",
        "Time by which writers were delayed.",
        s.throttledNanos() / NANOS,
        label);
    text.counter(
        "isthmus_volume_segments_uploaded_total",
        "Segments committed in the bucket.",
        s.segmentsUploaded(),
        label);
    text.counter(
        "isthmus_volume_segment_uploaded_bytes_total",
        "Bytes of segments committed in the bucket.",
        s.segmentBytesUploaded(),
        label);
    text.counter(
        "isthmus_volume_payload_written_bytes_total",
        "Bytes that users wrote.",
        s.payloadBytesWritten(),
        label);
    text.counter(
        "isthmus_volume_corrupt_reads_total",
        "Reads that failed: no good copy of the data was found.",
        s.integrity().corruptReads(),
        label);
    text.counter(
        "isthmus_volume_refetched_frames_total",
        "Frames that arrived damaged from the bucket and were fetched once more.",
        s.integrity().refetchedFrames(),
        label);
    text.counter(
        "isthmus_volume_served_from_log_frames_total",
        "Frames damaged in the bucket that the log still had.",
        s.integrity().servedFromLog(),
        label);
    text.counter(
        "isthmus_volume_cache_damages_total",
        "Frames in memory that failed their checksum: suspect the memory of this host.",
        s.integrity().cacheDamages(),
        label);
  }

  private static void cacheAndMap(String volume, VolumeStatistics s, PrometheusText text) {
    String[] label = {"volume", volume};
    text.gauge("isthmus_volume_cache_bytes", "Frames in memory.", s.cacheBytes(), label);
    text.counter(
        "isthmus_volume_cache_hits_total", "Look-ups answered by the cache.", s.cacheHits(), label);
    text.counter(
        "isthmus_volume_cache_misses_total",
        "Look-ups that went to the bucket.",
        s.cacheMisses(),
        label);
    text.gauge(
        "isthmus_volume_map_memory_bytes", "Memory of the block map.", s.mapMemoryBytes(), label);
    text.gauge("isthmus_volume_map_runs", "Sorted runs of the block map.", s.mapRuns(), label);
    text.gauge(
        "isthmus_volume_map_damaged_runs",
        "Runs of the block map that a merge found damaged in the bucket.",
        s.mapDamagedRuns(),
        label);
    text.counter(
        "isthmus_volume_map_uploaded_bytes_total",
        "Bytes written to the bucket for map and checkpoints.",
        s.mapBytesUploaded(),
        label);
  }

  private static void stored(String volume, StoredBytes stored, PrometheusText text) {
    stored(volume, "live", stored.liveBytes(), text);
    stored(volume, "garbage", stored.garbageBytes(), text);
    stored(volume, "map", stored.mapBytes(), text);
    stored(volume, "checkpoints", stored.checkpointBytes(), text);
  }

  private static void stored(String volume, String content, long bytes, PrometheusText text) {
    text.gauge(
        "isthmus_volume_stored_bytes",
        "What the volume takes in its bucket, as its owner knows it.",
        bytes,
        "volume",
        volume,
        "content",
        content);
  }

  private static void scrub(String volume, ScrubProgress scrub, PrometheusText text) {
    String[] label = {"volume", volume};
    text.gauge(
        "isthmus_volume_scrub_active",
        "1 while a scrub runs, waits or is paused.",
        bit(!scrub.state().isEnd()),
        label);
    text.gauge(
        "isthmus_volume_scrub_complete",
        "1 if the last scrub read everything.",
        bit(scrub.state() == ScrubProgress.State.DONE),
        label);
    text.gauge(
        "isthmus_volume_scrub_done_bytes",
        "Bytes that the last scrub read and compared.",
        scrub.bytesDone(),
        label);
    text.gauge(
        "isthmus_volume_scrub_planned_bytes",
        "Bytes that the last scrub has to read.",
        scrub.bytesTotal(),
        label);
    for (ScrubFinding.Severity severity : ScrubFinding.Severity.values()) {
      text.gauge(
          "isthmus_volume_scrub_findings",
          "What the last scrub found, by what it costs.",
          scrub.count(severity),
          "volume",
          volume,
          "severity",
          severity.name().toLowerCase(Locale.ROOT));
    }
  }

  private static void requests(String volume, StoreStatistics s, PrometheusText text) {
    text.gauge(
        "isthmus_store_requests_in_flight", "Requests under way.", s.inFlight(), "volume", volume);
    text.gauge("isthmus_store_requests_queued", "Requests waiting.", s.queued(), "volume", volume);
    text.gauge(
        "isthmus_store_concurrency_limit",
        "Requests that may be under way now: fewer after the server asked for fewer.",
        s.concurrencyLimit(),
        "volume",
        volume);
    text.gauge(
        "isthmus_store_retries_left",
        "Retries that may be sent at once; at 0 they are put off.",
        s.retriesLeft(),
        "volume",
        volume);
    BucketMetrics.write("isthmus_store_", s, text, "volume", volume);
  }
}
