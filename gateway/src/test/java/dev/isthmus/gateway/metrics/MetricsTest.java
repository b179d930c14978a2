package dev.isthmus.gateway.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.ReadIntegrity;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.StoredBytes;
import dev.isthmus.blocktranslation.Tiers;
import dev.isthmus.blocktranslation.VolumeStatistics;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.gateway.daemon.CatalogueEntry.Publication;
import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.targets.nvme.NvmeOperation;
import dev.isthmus.targets.nvme.NvmeTargetStatistics;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class MetricsTest {

  private static final DeviceIdentity IDENTITY = new DeviceIdentity(new UUID(1, 2), 3);

  private static VolumeView inBucket() {
    var info =
        new DeviceInfo(IDENTITY, "db", 1L << 30, 4096, 1 << 20, 4096, false, true, true, true);
    var summary =
        new VolumeSummary(
            "db",
            "s3://b/db",
            IDENTITY,
            1L << 30,
            4096,
            new Tiers(Tier.APPLIED, Tier.LOCAL_DURABLE, Rpo.parse("90s")),
            Fencing.NONE,
            7,
            false,
            90,
            5_000_000,
            Instant.EPOCH);
    var statistics =
        new VolumeStatistics(
            1,
            2,
            3,
            1_500_000_000,
            5,
            6,
            7_000_000_000L,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            21,
            16,
            true,
            2_500_000_000L,
            500_000_000L,
            new StoredBytes(100, 70, 6, 3, 0),
            new ReadIntegrity(17, 18, 19, 20));
    var requests =
        new StoreStatistics(
            Map.of(
                new StoreStatistics.Request(RequestKind.PUT, RequestPurpose.SEGMENT),
                new StoreStatistics.Counts(
                    4, 5, 600, 0, 1, 0, 0, 0, new StoreStatistics.Trouble(3, 1, 0, 0)),
                new StoreStatistics.Request(RequestKind.GET, RequestPurpose.READ_AHEAD),
                new StoreStatistics.Counts(1, 1, 0, 70, 0, 0, 0, 0, StoreStatistics.Trouble.NONE)),
            2,
            1,
            44,
            99);
    return new VolumeView(
        "db",
        "s3://b/db",
        new Publication("nqn.2026-01.dev.isthmus:db", List.of()),
        new VolumeView.Open(
            info,
            new DeviceState(DeviceState.Kind.STALLED, "the log is full"),
            new OpenOutcome.RolledBack(80, "the log is gone"),
            new Positions(100, 95, 90),
            new VolumeView.Bucket(
                summary,
                new Tiers(Tier.APPLIED, Tier.LOCAL_DURABLE, Rpo.parse("60s,enforce")),
                statistics,
                requests,
                true,
                new ScrubProgress(
                    ScrubProgress.State.RUNNING,
                    "segments",
                    "",
                    null,
                    21,
                    22,
                    23,
                    24,
                    25,
                    26,
                    Map.of(ScrubFinding.Severity.LOST, 27L)))),
        "");
  }

  private static Map<String, PrometheusParser.Family> page() {
    var text = new PrometheusText();
    List<VolumeView> views =
        List.of(inBucket(), new VolumeView("lost", "s3://b/lost", null, null, "no bucket"));
    var latency =
        new NvmeTargetStatistics.Latency(
            60_000_000,
            List.of(
                new NvmeTargetStatistics.Bucket(9_000, 5),
                new NvmeTargetStatistics.Bucket(26_000, 2),
                new NvmeTargetStatistics.Bucket(60_000_000_000L, 1)));
    var operation = new NvmeTargetStatistics.Operation(8, 32768, Map.of(0x281, 2L), latency);
    var nvme =
        new NvmeTargetStatistics(
            2,
            9,
            1,
            1,
            0,
            4096,
            Map.of(
                "nqn.2026-01.dev.isthmus:db",
                new NvmeTargetStatistics.Subsystem(1, 3, Map.of(NvmeOperation.READ, operation)),
                "nqn.2014-08.org.nvmexpress.discovery",
                new NvmeTargetStatistics.Subsystem(0, 0, Map.of(NvmeOperation.ADMIN, operation))));
    VolumeMetrics.write(views, text);
    BucketMetrics.write(
        Map.of(
            "s3://b",
            StoreStatistics.ofCounts(
                Map.of(
                    new StoreStatistics.Request(RequestKind.LIST, RequestPurpose.ADMIN),
                    new StoreStatistics.Counts(
                        2, 3, 40, 50, 1, 1, 0, 0, StoreStatistics.Trouble.NONE)))),
        text);
    NvmeMetrics.write(nvme, views, text);
    ProcessMetrics.write(text);
    return PrometheusParser.parse(text.toString());
  }

  private static double value(
      Map<String, PrometheusParser.Family> page, String name, String... labels) {
    String family = name.replaceFirst("_(bucket|sum|count)$", "");
    return Objects.requireNonNull(page.getOrDefault(name, page.get(family)), name)
        .samples()
        .stream()
        .filter(s -> s.name().equals(name))
        .filter(s -> {
          for (int i = 0; i < labels.length; i += 2) {
            if (!labels[i + 1].equals(s.labels().get(labels[i]))) {
              return false;
            }
          }
          return true;
        })
        .mapToDouble(PrometheusParser.Sample::value)
        .sum();
  }

  @Test
  void tellsStatesPositionsAndLag() {
    var page = page();
    assertEquals(1, value(page, "isthmus_volume_open", "volume", "db"));
    assertEquals(0, value(page, "isthmus_volume_open", "volume", "lost"));
    assertEquals(1, value(page, "isthmus_volume_state", "volume", "db", "state", "stalled"));
    assertEquals(1, value(page, "isthmus_volume_state", "volume", "db"), "one state at a time");
    assertEquals(95, value(page, "isthmus_volume_position_lsn", "tier", "local"));
    assertEquals(1.5, value(page, "isthmus_volume_upload_lag_seconds"));
    assertEquals(1, value(page, "isthmus_volume_unfenced"));
    assertEquals(60, value(page, "isthmus_volume_rpo_seconds"));
    assertEquals(1, value(page, "isthmus_volume_rpo_enforced"));
    assertEquals(1, value(page, "isthmus_volume_rpo_exceeded"));
    assertEquals(2.5, value(page, "isthmus_volume_rpo_exceeded_seconds_total"));
    assertEquals(1, value(page, "isthmus_volume_log_failed", "volume", "db"));
    assertEquals(17, value(page, "isthmus_volume_corrupt_reads_total"));
    assertEquals(21, value(page, "isthmus_volume_map_damaged_runs"));
    assertEquals(7, value(page, "isthmus_volume_throttled_seconds_total"));
    assertEquals(1, value(page, "isthmus_volume_rolled_back"));
    assertEquals(12, value(page, "isthmus_volume_cache_hits_total"));
  }

  @Test
  void tellsRequestsByKindAndPurpose() {
    var page = page();
    assertEquals(
        5, value(page, "isthmus_store_attempts_total", "kind", "put", "purpose", "segment"));
    assertEquals(70, value(page, "isthmus_store_received_bytes_total", "purpose", "read_ahead"));
  }

  @Test
  void tellsWhatIsStored() {
    var page = page();
    assertEquals(70, value(page, "isthmus_volume_stored_bytes", "content", "live"));
    assertEquals(30, value(page, "isthmus_volume_stored_bytes", "content", "garbage"));
    assertEquals(109, value(page, "isthmus_volume_stored_bytes", "volume", "db"));
  }

  /** What no volume of this moment asked for, too; beside what volumes did, not added to it. */
  @Test
  void tellsRequestsByBucket() {
    var page = page();
    String[] lists = {"bucket", "s3://b", "kind", "list", "purpose", "admin"};
    assertEquals(2, value(page, "isthmus_bucket_requests_total", lists));
    assertEquals(3, value(page, "isthmus_bucket_attempts_total", lists));
    assertEquals(1, value(page, "isthmus_bucket_failures_total", lists));
    assertEquals(40, value(page, "isthmus_bucket_sent_bytes_total", lists));
    assertEquals(50, value(page, "isthmus_bucket_received_bytes_total", lists));
    assertEquals(0, value(page, "isthmus_store_attempts_total", "kind", "list"));
  }

  @Test
  void latencyBucketsAreCumulativeAndNeverFlatter() {
    var page = page();
    String name = "isthmus_nvme_command_duration_seconds";
    assertEquals(5, value(page, name + "_bucket", "volume", "db", "le", "1.0E-5"));
    assertEquals(5, value(page, name + "_bucket", "volume", "db", "le", "2.5E-5"));
    assertEquals(7, value(page, name + "_bucket", "volume", "db", "le", "5.0E-5"));
    assertEquals(7, value(page, name + "_bucket", "volume", "db", "le", "10"));
    assertEquals(8, value(page, name + "_bucket", "volume", "db", "le", "+Inf"));
    assertEquals(0.06, value(page, name + "_sum", "volume", "db"));
    assertEquals(
        2, value(page, "isthmus_nvme_command_errors_total", "volume", "db", "status", "0x0281"));
  }

  @Test
  void tellsOfTheProcess() {
    var page = page();
    assertTrue(value(page, "process_cpu_seconds_total") > 0);
    assertTrue(value(page, "process_resident_memory_bytes") > 1 << 20);
    assertTrue(value(page, "jvm_memory_used_bytes", "area", "heap") > 1 << 20);
  }

  @Test
  void escapesLabels() {
    var text = new PrometheusText();
    text.gauge("a", "a \\ b\nc", 1.5, "volume", "x\"y\\z\nw");
    assertEquals(
        "# HELP a a \\\\ b\\nc\n# TYPE a gauge\na{volume=\"x\\\"y\\\\z\\nw\"} 1.5\n",
        text.toString());
    assertEquals(1, PrometheusParser.parse(text.toString()).size());
  }

  @Test
  void refusesWhatPrometheusWouldRefuse() {
    var text = new PrometheusText();
    text.gauge("a", "help", 1);
    assertThrows(IllegalArgumentException.class, () -> text.gauge("a", "help", 2));
    assertThrows(IllegalArgumentException.class, () -> text.counter("a", "help", 2));
    assertThrows(IllegalArgumentException.class, () -> text.counter("a_total", "h", 1, "l"));
    assertThrows(IllegalArgumentException.class, () -> text.gauge("Bad-Name", "help", 2));
  }

  @Test
  void theParserItselfRefuses() {
    for (String bad :
        List.of(
            "# HELP a h\n# TYPE a gauge\na 1",
            "# TYPE a gauge\na 1\n",
            "# HELP a h\n# TYPE a gauge\nb 1\n",
            "# HELP a h\n# TYPE a counter\na 1\n",
            "# HELP a h\n# TYPE a gauge\na{x=1} 1\n",
            "# HELP a h\n# TYPE a gauge\na 1\na 2\n",
            "# HELP a h\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n")) {
      assertThrows(AssertionError.class, () -> PrometheusParser.parse(bad), bad);
    }
  }
}
