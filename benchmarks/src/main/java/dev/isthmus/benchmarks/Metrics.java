package dev.isthmus.benchmarks;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One reading of the daemon's metrics page.
 *
 * @param series value by name and labels
 */
record Metrics(Map<Series, Double> series) {

  private static final Pattern LINE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)\\})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("([a-zA-Z_]+)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

  /** What tells one series from another. */
  record Series(String name, Map<String, String> labels) {}

  /** Bodies and requests of one kind for one purpose. */
  record Requests(double attempts, double sentBytes, double receivedBytes) {

    Requests minus(Requests earlier) {
      return new Requests(
          attempts - earlier.attempts,
          sentBytes - earlier.sentBytes,
          receivedBytes - earlier.receivedBytes);
    }
  }

  /** Of a page in Prometheus' text format. */
  static Metrics parse(String page) {
    var series = new LinkedHashMap<Series, Double>();
    page.lines()
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .forEach(line -> {
          Matcher match = LINE.matcher(line);
          if (!match.matches()) {
            throw new IllegalArgumentException("no metric: " + line);
          }
          var labels = new HashMap<String, String>();
          if (match.group(2) != null) {
            Matcher label = LABEL.matcher(match.group(2));
            while (label.find()) {
              labels.put(label.group(1), label.group(2));
            }
          }
          series.put(
              new Series(match.group(1), Map.copyOf(labels)), Double.valueOf(match.group(3)));
        });
    return new Metrics(series);
  }

  /** A series that there must be. */
  double ofVolume(String name, String volume) {
    Double value = series.get(new Series(name, Map.of("volume", volume)));
    if (value == null) {
      throw new IllegalArgumentException("the daemon tells no " + name + " of " + volume);
    }
    return value;
  }

  /** Requests of a volume to its bucket, by {@code kind purpose}. */
  Map<String, Requests> requests(String volume) {
    var requests = new TreeMap<String, Requests>();
    series.forEach((key, attempts) -> {
      if (key.name.equals("isthmus_store_attempts_total")
          && volume.equals(key.labels.get("volume"))) {
        requests.put(
            key.labels.get("kind") + " " + key.labels.get("purpose"),
            new Requests(
                attempts,
                series.getOrDefault(new Series("isthmus_store_sent_bytes_total", key.labels), 0.0),
                series.getOrDefault(
                    new Series("isthmus_store_received_bytes_total", key.labels), 0.0)));
      }
    });
    return requests;
  }

  /**
   * What was asked since {@code earlier}, by {@code kind purpose}; what did not change is left out.
   */
  Map<String, Requests> requestsSince(Metrics earlier, String volume) {
    var since = new TreeMap<String, Requests>();
    Map<String, Requests> before = earlier.requests(volume);
    requests(volume)
        .forEach((kind, now) -> {
          Requests delta = now.minus(before.getOrDefault(kind, new Requests(0, 0, 0)));
          if (delta.attempts > 0) {
            since.put(kind, delta);
          }
        });
    return since;
  }

  /** Requests of all volumes to all buckets so far, retries included. */
  double allRequests() {
    return series.entrySet().stream()
        .filter(e -> e.getKey().name.equals("isthmus_store_attempts_total"))
        .mapToDouble(Map.Entry::getValue)
        .sum();
  }
}
