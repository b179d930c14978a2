package dev.isthmus.benchmarks;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.proxy.FaultPlan;
import dev.isthmus.blocktranslation.store.proxy.FaultProxy;
import dev.isthmus.blocktranslation.store.proxy.ProxyFault;
import dev.isthmus.blocktranslation.store.s3.S3Endpoint;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Cold reads of 4 KiB from a MinIO of which two replies in a hundred come half a second late, with
 * and without hedging.
 */
final class HedgeBenchmark {

  private static final double LATE_SHARE = 0.02;
  private static final int AT_ONCE = 8;
  private static final int OBJECT_BYTES = 8 << 20;
  private static final int READ_BYTES = 4 << 10;

  /** Not counted: a store has to learn what is usual first. */
  private static final int WARM_READS = 400;

  /** One round. */
  record Round(double p50Millis, double p99Millis, double p999Millis, double requestsPerRead) {}

  /** All rounds, with hedging or without. */
  record Row(boolean hedged, List<Round> rounds) {}

  private final TestMinio minio;
  private final StorePlan plan;

  HedgeBenchmark(TestMinio minio, StorePlan plan) {
    this.minio = minio;
    this.plan = plan;
  }

  List<Row> run() throws Exception {
    List<Row> rows = List.of(new Row(false, new ArrayList<>()), new Row(true, new ArrayList<>()));
    for (int round = 0; round < plan.rounds(); round++) {
      for (Row row : rows) {
        row.rounds().add(measure(row.hedged(), round));
      }
    }
    return rows;
  }

  private Round measure(boolean hedged, int seed) throws Exception {
    var late = new FaultPlan(seed, List.of(ProxyFault.LATE), Integer.MAX_VALUE, LATE_SHARE);
    try (FaultProxy proxy = FaultProxy.start(minio.endpoint(), seed, FaultPlan.none())) {
      var settings =
          S3Settings.of(
              minio.bucket(), S3Endpoint.at(proxy.endpoint()), minio.settings().credentials());
      var limits = hedged ? StoreLimits.DEFAULT : StoreLimits.DEFAULT.withHedgeShare(0);
      try (ObjectStore store = minio.openStore(settings, limits)) {
        var body = MemorySegment.ofArray(new byte[OBJECT_BYTES]);
        store
            .put(
                "cold",
                List.of(body),
                PutCondition.always(),
                RequestOptions.of(RequestPurpose.SEGMENT))
            .join();
        proxy.follow(late);
        var _ = read(store, WARM_READS, seed);
        long before = store.statistics().total().attempts();
        double[] millis = read(store, plan.hedgedReads(), seed + 1000);
        double requests = store.statistics().total().attempts() - before;
        Arrays.sort(millis);
        return new Round(
            millis[millis.length / 2],
            millis[millis.length * 99 / 100],
            millis[millis.length * 999 / 1000],
            requests / millis.length);
      }
    }
  }

  private static double[] read(ObjectStore store, int count, long seed) throws Exception {
    var millis = new double[count / AT_ONCE * AT_ONCE];
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var ends = new ArrayList<Future<?>>();
      for (int i = 0; i < AT_ONCE; i++) {
        int first = i;
        ends.add(
            threads.submit(() -> {
              var random = new Random(31 * seed + first);
              for (int at = first; at < millis.length; at += AT_ONCE) {
                long offset = (long) random.nextInt(OBJECT_BYTES / READ_BYTES) * READ_BYTES;
                long beganNanos = System.nanoTime();
                var _ =
                    store
                        .get(
                            "cold",
                            ByteRange.span(offset, READ_BYTES),
                            RequestOptions.of(RequestPurpose.READ))
                        .join();
                millis[at] = (System.nanoTime() - beganNanos) / 1e6;
              }
            }));
      }
      for (Future<?> end : ends) {
        var _ = end.get();
      }
    }
    return millis;
  }
}
