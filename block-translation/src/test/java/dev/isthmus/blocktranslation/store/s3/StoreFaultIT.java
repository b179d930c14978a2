package dev.isthmus.blocktranslation.store.s3;

import static dev.isthmus.blocktranslation.store.StoreTesting.bytesOf;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.proxy.FaultPlan;
import dev.isthmus.blocktranslation.store.proxy.FaultProxy;
import dev.isthmus.blocktranslation.store.proxy.ProxyFault;
import dev.isthmus.blocktranslation.store.s3.S3Settings.Client;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One client and a real server with bad network between them: whatever happens to requests, each
 * ends as if nothing had, but for what the store can't know: a stale answer, and a bit of a range
 * that no checksum covers.
 *
 * <p>{@code -Dfault.times=N}: how often each fault happens.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class StoreFaultIT {

  private static final int TIMES = Integer.getInteger("fault.times", 10);
  private static final int WORKERS = 16;
  private static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.READ);

  private final AtomicInteger staleReads = new AtomicInteger();
  private final AtomicInteger wrongRanges = new AtomicInteger();
  private final AtomicInteger ownObjects = new AtomicInteger();

  @ParameterizedTest
  @EnumSource(Client.class)
  void everyFaultIsOvercomeOrTold(Client client) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("faults: seed " + seed);
    var faults =
        Arrays.stream(ProxyFault.values()).filter(fault -> fault != ProxyFault.NONE).toList();
    var plan = new FaultPlan(seed, faults, TIMES, 0.1);
    try (TestMinio minio = TestMinio.start();
        FaultProxy proxy = FaultProxy.start(minio.endpoint(), seed, plan);
        ObjectStore store = open(minio, proxy, client);
        ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor()) {
      long beganNanos = System.nanoTime();
      List<Future<Integer>> ends =
          java.util.stream.IntStream.range(0, WORKERS)
              .mapToObj(i -> workers.submit(() -> work(store, plan, "w" + i, new Random(seed + i))))
              .toList();
      int rounds = 0;
      for (Future<Integer> end : ends) {
        rounds += end.get();
      }
      double seconds = (System.nanoTime() - beganNanos) / 1e9;
      var counts = store.statistics().total();
      System.out.printf(
          "faults: %s %s; %d rounds in %.0f s, requests %s on %d connections, %d retries, %d hedges,"
              + " %d damaged, %d stale reads, %d wrong ranges, %d own objects met%n",
          client,
          plan.injected(),
          rounds,
          seconds,
          proxy.requests(),
          proxy.connections(),
          counts.retries(),
          counts.trouble().hedges(),
          counts.trouble().damaged(),
          staleReads.get(),
          wrongRanges.get(),
          ownObjects.get());
      assertEquals(0, counts.failures(), "each request ended as if nothing had happened");
      assertTrue(counts.retries() <= 100 + 0.2 * counts.requests() + 10 * (seconds + 1));
      assertTrue(staleReads.get() <= plan.injected().getOrDefault(ProxyFault.STALE_READ, 0));
      assertTrue(wrongRanges.get() <= plan.injected().getOrDefault(ProxyFault.WRONG_BYTES, 0));
      long ended = plan.injected().values().stream().mapToInt(Integer::intValue).sum();
      assertTrue(proxy.connections() <= 80 + ended, "connections are used again");
    }
  }

  private static ObjectStore open(TestMinio minio, FaultProxy proxy, Client client) {
    var settings =
        S3Settings.of(
                minio.settings().bucket(),
                S3Endpoint.at(proxy.endpoint()),
                minio.settings().credentials())
            .by(client);
    return minio.openStore(settings, StoreLimits.DEFAULT);
  }

  private int work(ObjectStore store, FaultPlan plan, String prefix, Random random) {
    int round = 0;
    while (!plan.isDone()) {
      byte[] body = new byte[1 + random.nextInt(64 << 10)];
      random.nextBytes(body);
      String key = prefix + "/" + round++;
      ETag first = create(store, key, body);
      readAll(store, key, body);
      readRange(store, key, body, random);
      replace(store, key, body, first);
    }
    return round;
  }

  private ETag create(ObjectStore store, String key, byte[] body) {
    try {
      return join(store.put(key, StoreTesting.segments(body), PutCondition.ifAbsent(), OPTIONS));
    } catch (StoreException.PreconditionFailed e) {
      assertTrue(e.attempts() > 1, "nobody else creates it");
      ownObjects.incrementAndGet();
      return readAll(store, key, body);
    }
  }

  private ETag readAll(ObjectStore store, String key, byte[] body) {
    while (true) {
      try {
        var object = join(store.get(key, ByteRange.whole(1 << 20), OPTIONS));
        assertArrayEquals(body, bytesOf(object));
        return object.etag();
      } catch (StoreException.NotFound e) {
        staleReads.incrementAndGet();
      }
    }
  }

  private void readRange(ObjectStore store, String key, byte[] body, Random random) {
    int from = random.nextInt(body.length);
    int length = 1 + random.nextInt(body.length - from);
    byte[] expected = Arrays.copyOfRange(body, from, from + length);
    while (true) {
      try {
        byte[] found = bytesOf(join(store.get(key, ByteRange.span(from, length), OPTIONS)));
        assertEquals(length, found.length);
        if (Arrays.equals(expected, found)) {
          return;
        }
        wrongRanges.incrementAndGet();
      } catch (StoreException.NotFound e) {
        staleReads.incrementAndGet();
      }
    }
  }

  /** A stale answer to the read behind it would be the older body: whole, and not wrong. */
  private void replace(ObjectStore store, String key, byte[] body, ETag first) {
    byte[] next = body.clone();
    next[0]++;
    try {
      join(store.put(key, StoreTesting.segments(next), PutCondition.ifMatch(first), OPTIONS));
    } catch (StoreException.PreconditionFailed e) {
      assertTrue(e.attempts() > 1, "nobody else replaces it");
      ownObjects.incrementAndGet();
    }
    while (true) {
      byte[] found;
      try {
        found = bytesOf(join(store.get(key, ByteRange.whole(1 << 20), OPTIONS)));
      } catch (StoreException.NotFound e) {
        staleReads.incrementAndGet();
        continue;
      }
      if (Arrays.equals(next, found)) {
        return;
      }
      assertArrayEquals(body, found);
      staleReads.incrementAndGet();
    }
  }

  private static <T> T join(java.util.concurrent.CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof StoreException s ? s : e;
    }
  }
}
