package dev.isthmus.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.isthmus.benchmarks.Metrics.Requests;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetricsTest {

  private static final String EARLY =
      """
      # HELP isthmus_store_attempts_total Requests sent.
      # TYPE isthmus_store_attempts_total counter
      isthmus_store_attempts_total{volume="a",kind="put",purpose="segment"} 2
      isthmus_store_sent_bytes_total{volume="a",kind="put",purpose="segment"} 1.6E7
      isthmus_store_attempts_total{volume="b",kind="get",purpose="read"} 5
      isthmus_volume_upload_lag_bytes{volume="a"} 4096
      process_open_fds 112
      """;

  @Test
  void requestsOfOneVolume() {
    Metrics early = Metrics.parse(EARLY);
    assertEquals(Map.of("put segment", new Requests(2, 1.6e7, 0)), early.requests("a"));
    assertEquals(7, early.allRequests());
    assertEquals(4096, early.ofVolume("isthmus_volume_upload_lag_bytes", "a"));
    assertThrows(
        IllegalArgumentException.class,
        () -> early.ofVolume("isthmus_volume_upload_lag_bytes", "b"));
  }

  @Test
  void onlyWhatChangedSince() {
    Metrics later =
        Metrics.parse(
            """
            isthmus_store_attempts_total{volume="a",kind="put",purpose="segment"} 2
            isthmus_store_attempts_total{volume="a",kind="put",purpose="map"} 1
            isthmus_store_sent_bytes_total{volume="a",kind="put",purpose="map"} 100
            """);
    assertEquals(
        Map.of("put map", new Requests(1, 100, 0)), later.requestsSince(Metrics.parse(EARLY), "a"));
  }

  @Test
  void whatIsNoMetricIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Metrics.parse("<html>"));
  }
}
