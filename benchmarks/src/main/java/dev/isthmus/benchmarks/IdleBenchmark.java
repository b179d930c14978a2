package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.NvmeHost;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What the daemon costs while nobody reads or writes. Threading: one thread. */
final class IdleBenchmark {

  /** The daemon ends a connection that is silent for so long. */
  private static final int KEEP_ALIVE_MILLIS = 15_000;

  /** As Linux does by default: each half of its 5 s. */
  private static final int KEEP_ALIVE_EVERY_MILLIS = 2_500;

  private static final double TICKS_PER_SECOND = 100;

  private IdleBenchmark() {}

  /**
   * What was seen.
   *
   * @param corePercent processor time of the daemon, of one core
   * @param bucketRequests by all volumes; none is promised
   */
  record Row(int volumes, int hosts, double seconds, double corePercent, double bucketRequests) {}

  /** Watches with one connected host on each volume. */
  static Row run(Daemon daemon, List<Daemon.Export> exports, Plan plan)
      throws IOException, InterruptedException {
    var hosts = new ArrayList<NvmeHost>();
    try {
      for (Daemon.Export export : exports) {
        hosts.add(new NvmeHost(export.port(), export.nqn(), Layout.BLOCK_BYTES, KEEP_ALIVE_MILLIS));
      }
      daemon.quiesce();
      keepAlive(hosts);
      double requests = daemon.metrics().allRequests();
      long ticks = Contention.ticksOf(daemon.pid());
      long began = System.nanoTime();
      for (int slept = 0; slept < plan.idleMillis(); slept += KEEP_ALIVE_EVERY_MILLIS) {
        Thread.sleep(KEEP_ALIVE_EVERY_MILLIS);
        keepAlive(hosts);
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      long ticksUsed = Contention.ticksOf(daemon.pid()) - ticks;
      return new Row(
          exports.size(),
          hosts.size(),
          seconds,
          100 * ticksUsed / TICKS_PER_SECOND / seconds,
          daemon.metrics().allRequests() - requests);
    } finally {
      for (NvmeHost host : hosts) {
        host.close();
      }
    }
  }

  private static void keepAlive(List<NvmeHost> hosts) throws IOException {
    for (NvmeHost host : hosts) {
      host.keepAlive();
    }
  }
}
