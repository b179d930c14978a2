package dev.isthmus.gateway.metrics;

import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Metrics of requests to buckets: of one volume, and of all that this process did. */
final class BucketMetrics {

  private BucketMetrics() {}

  /**
   * What this process asked of each bucket: by volumes, open or not any more, by opens that failed,
   * and by what people had it do: lists, deletions, scrubs.
   */
  static void write(Map<String, StoreStatistics> buckets, PrometheusText text) {
    buckets.forEach(
        (bucket, requests) -> write("isthmus_bucket_", requests, text, "bucket", bucket));
  }

  /** By kind and purpose, under names that begin with {@code prefix}. */
  static void write(
      String prefix, StoreStatistics statistics, PrometheusText text, String... labels) {
    statistics
        .counts()
        .forEach((request, counts) -> {
          var all = new ArrayList<String>(List.of(labels));
          all.addAll(List.of("kind", request.kind().name().toLowerCase(Locale.ROOT)));
          all.addAll(List.of("purpose", request.purpose().name().toLowerCase(Locale.ROOT)));
          String[] of = all.toArray(new String[0]);
          text.counter(prefix + "requests_total", "Requests asked for.", counts.requests(), of);
          text.counter(
              prefix + "attempts_total",
              "Requests sent, retries included: what a provider charges for.",
              counts.attempts(),
              of);
          text.counter(
              prefix + "retries_total",
              "Requests sent again after a failure.",
              counts.retries(),
              of);
          trouble(prefix, counts.trouble(), text, of);
          text.counter(prefix + "failures_total", "Requests that failed.", counts.failures(), of);
          text.counter(prefix + "sent_bytes_total", "Bodies sent.", counts.sentBytes(), of);
          text.counter(
              prefix + "received_bytes_total", "Bodies received.", counts.receivedBytes(), of);
        });
  }

  private static void trouble(
      String prefix, StoreStatistics.Trouble trouble, PrometheusText text, String... labels) {
    text.counter(
        prefix + "throttled_total",
        "Times the server asked for fewer requests.",
        trouble.throttled(),
        labels);
    text.counter(
        prefix + "damaged_total",
        "Bodies that arrived damaged, here or there.",
        trouble.damaged(),
        labels);
    text.counter(
        prefix + "hedges_total",
        "Reads sent a second time because the first took long.",
        trouble.hedges(),
        labels);
    text.counter(
        prefix + "hedges_won_total",
        "Of these, the ones whose second was answered first.",
        trouble.hedgesWon(),
        labels);
  }
}
