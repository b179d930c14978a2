package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.blocktranslation.store.proxy.FaultProxyMain;
import dev.isthmus.gateway.metrics.PrometheusParser;
import dev.isthmus.gateway.metrics.PrometheusParser.Family;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A bad way to the bucket under a Linux host that writes, flushes to the bucket and reads from it:
 * lost and cut replies, errors, storms, delays, resets, wrong bytes, stale reads. The host sees no
 * error and no wrong byte, and retries stay within their budget.
 *
 * <p>{@code -Dfault.times=N}: how often each fault happens.
 */
@Timeout(value = 60, unit = TimeUnit.MINUTES)
class KernelFaultIT {

  private static final int TIMES = Integer.getInteger("fault.times", 8);

  /**
   * One request in so many meets a fault: few enough that most blocks of a pass are read in time.
   */
  private static final double SHARE = 0.05;

  private static final Duration LONGEST_RUN = Duration.ofSeconds(240 + 3L * TIMES);

  @RegisterExtension final Lab lab = new Lab();

  @Test
  void noFaultOnTheWayToTheBucketReachesTheHost() throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    Path begin = lab.data("faults-begin");
    ChildProcess proxy = proxy(network, bucket, begin);
    String endpoint = proxy.awaitLine("listening on (http://.*)", Duration.ofSeconds(30)).group(1);
    // Hardly any cache: what is read was fetched.
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket, "--volume-cache", "1MiB");
    gateway.start();
    String nqn =
        gateway.createAndPublish(bucket.volume("disk", endpoint), "64MiB", "--flush", "uploaded");
    Guest guest = Guest.boot(lab, network, "nvme-faults", LONGEST_RUN).with("NQN", nqn).start();
    guest.awaitMark("fio-running", Duration.ofMinutes(1));
    long beganNanos = System.nanoTime();
    Path _ = Files.createFile(begin);
    proxy.awaitLine("done", LONGEST_RUN);
    double seconds = (System.nanoTime() - beganNanos) / 1e9;
    JsonNode shown = gateway.show("disk");
    Map<String, Family> metrics = gateway.metrics();
    guest.tell("enough");
    guest.awaitSuccess(LONGEST_RUN);

    String last =
        proxy.output().lines().filter(line -> line.startsWith("requests")).toList().getLast();
    lab.figure(last);
    double retries = sum(metrics, "isthmus_store_retries_total");
    double requests = sum(metrics, "isthmus_store_requests_total");
    lab.figure(
        "%.0f retries of %.0f requests in %.0f s, %.0f hedges; %s passes"
            .formatted(
                retries,
                requests,
                seconds,
                sum(metrics, "isthmus_store_hedges_total"),
                guest.findAll("PASS ([0-9]+)").getLast()));
    assertTrue(retries > TIMES, "faults were met");
    assertTrue(retries <= 100 + 0.2 * requests + 10 * (seconds + 60), "within the budget");
    assertEquals(0, sum(metrics, "isthmus_volume_corrupt_reads_total"));
    assertEquals(1, shown.at("/bucket/epoch").asInt(), "one owner all the time");
    assertEquals(1, shown.at("/incarnation").asInt(), "nothing was lost");
    JsonNode after = gateway.awaitUploaded("disk", Duration.ofMinutes(1));
    assertEquals("READY", after.at("/state").asText());
    gateway.stop();
  }

  private ChildProcess proxy(TestNetwork network, TestBucket bucket, Path begin) throws Exception {
    var command = new ArrayList<>(network.prefix());
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-cp",
            TestGateway.classPath(),
            FaultProxyMain.class.getName(),
            bucket.endpoint(),
            Integer.toString(TIMES),
            Double.toString(SHARE),
            begin.toString()));
    return lab.keep(ChildProcess.start(lab.log("fault-proxy"), Map.of(), command));
  }

  private static double sum(Map<String, Family> metrics, String name) {
    return Objects.requireNonNull(metrics.get(name), name).samples().stream()
        .mapToDouble(PrometheusParser.Sample::value)
        .sum();
  }
}
