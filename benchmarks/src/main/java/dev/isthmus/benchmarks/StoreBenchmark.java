package dev.isthmus.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * What each client gets through to the same MinIO, beside HTTP alone, and what it costs this
 * process in processor time. Client after client in each round, so that all meet the same machine.
 */
final class StoreBenchmark {

  private static final int OBJECT_BYTES = 8 << 20;

  /** Written, and written over: MinIO's disk does not fill. */
  private static final int OBJECTS = 8;

  private static final RequestOptions READ_AHEAD = RequestOptions.of(RequestPurpose.READ_AHEAD);
  private static final RequestOptions SEGMENT = RequestOptions.of(RequestPurpose.SEGMENT);

  /** A way to MinIO. */
  interface Client {
    String name();

    CompletableFuture<?> put(String key, byte[] body);

    CompletableFuture<?> get(String key, long offsetBytes, int lengthBytes);
  }

  /** What is done; as many at once as a volume does. */
  enum Operation {
    PUT_8_MIB(OBJECT_BYTES, 4),
    GET_4_KIB(4 << 10, 32),
    GET_1_MIB(1 << 20, 8);

    final int lengthBytes;
    final int atOnce;

    Operation(int lengthBytes, int atOnce) {
      this.lengthBytes = lengthBytes;
      this.atOnce = atOnce;
    }
  }

  /** One client, one operation, one round. */
  record Round(double mebibytesPerSecond, double cpuSecondsPerGibibyte) {}

  /** All rounds of one client and operation. */
  record Row(Operation operation, String client, List<Round> rounds) {}

  /** Ours, by one library. */
  private record Store(String name, ObjectStore store) implements Client {
    @Override
    public CompletableFuture<?> put(String key, byte[] body) {
      return store.put(key, List.of(MemorySegment.ofArray(body)), PutCondition.always(), SEGMENT);
    }

    @Override
    public CompletableFuture<?> get(String key, long offsetBytes, int lengthBytes) {
      return store.get(key, ByteRange.span(offsetBytes, lengthBytes), READ_AHEAD);
    }
  }

  private final TestMinio minio;
  private final StorePlan plan;
  private final Consumer<String> say;

  StoreBenchmark(TestMinio minio, StorePlan plan, Consumer<String> say) {
    this.minio = minio;
    this.plan = plan;
    this.say = say;
  }

  List<Row> run() throws Exception {
    try (var bare = new BareHttp(minio);
        ObjectStore aws = open(S3Settings.Client.AWS_SDK);
        ObjectStore ofMinio = open(S3Settings.Client.MINIO)) {
      List<Client> clients = List.of(bare, new Store("s3://", aws), new Store("minio://", ofMinio));
      for (int i = 0; i < OBJECTS; i++) {
        bare.put(key(i), new byte[OBJECT_BYTES]).join();
      }
      var rows = new ArrayList<Row>();
      for (Operation operation : Operation.values()) {
        say.accept(operation.toString());
        for (Client client : clients) {
          rows.add(new Row(operation, client.name(), new ArrayList<>()));
        }
        List<Row> mine = rows.subList(rows.size() - clients.size(), rows.size());
        for (int round = 0; round <= plan.rounds(); round++) {
          for (int i = 0; i < clients.size(); i++) {
            Round measured = measure(clients.get(i), operation, round);
            if (round > 0) {
              mine.get(i).rounds().add(measured);
            }
          }
        }
      }
      return rows;
    }
  }

  private ObjectStore open(S3Settings.Client client) {
    return minio.openStore(minio.settings().by(client), StoreLimits.DEFAULT);
  }

  private Round measure(Client client, Operation operation, int seed)
      throws InterruptedException, ExecutionException {
    var cpu = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long endNanos = System.nanoTime() + plan.cellMillis() * 1_000_000L;
    long beganNanos = System.nanoTime();
    long beganCpuNanos = cpu.getProcessCpuTime();
    long done = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var ends = new ArrayList<Future<Long>>();
      for (int i = 0; i < operation.atOnce; i++) {
        int worker = i;
        var random = new Random(31L * seed + i);
        ends.add(threads.submit(() -> repeat(client, operation, worker, random, endNanos)));
      }
      for (Future<Long> end : ends) {
        done += end.get();
      }
    }
    double seconds = (System.nanoTime() - beganNanos) / 1e9;
    double cpuSeconds = (cpu.getProcessCpuTime() - beganCpuNanos) / 1e9;
    double bytes = (double) done * operation.lengthBytes;
    return new Round(bytes / (1 << 20) / seconds, cpuSeconds / (bytes / (1 << 30)));
  }

  private static long repeat(
      Client client, Operation operation, int worker, Random random, long endNanos) {
    byte[] body = new byte[operation == Operation.PUT_8_MIB ? OBJECT_BYTES : 0];
    random.nextBytes(body);
    int places = OBJECT_BYTES / operation.lengthBytes;
    long done = 0;
    while (System.nanoTime() - endNanos < 0) {
      if (operation == Operation.PUT_8_MIB) {
        // Each its own, or writers of one key would wait for each other.
        client.put(key(worker), body).join();
      } else {
        long offset = (long) random.nextInt(places) * operation.lengthBytes;
        client.get(key(random.nextInt(OBJECTS)), offset, operation.lengthBytes).join();
      }
      done++;
    }
    return done;
  }

  private static String key(int object) {
    return "throughput/" + object;
  }
}
