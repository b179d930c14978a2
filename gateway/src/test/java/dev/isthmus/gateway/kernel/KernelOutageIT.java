package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The bucket goes away under a Linux host that writes, and comes back. While the log has room the
 * host notices nothing; once it is full the host waits. No program sees an error, and no byte is
 * wrong.
 *
 * <p>{@code -Doutage.seconds=N}: how long the bucket is away, and how long the log is full.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class KernelOutageIT {

  private static final int OUTAGE_SECONDS = Integer.getInteger("outage.seconds", 10);

  private static final Duration LONGEST_SCENARIO = Duration.ofSeconds(480 + 4L * OUTAGE_SECONDS);

  private static final Duration LONGEST_BOOT = Duration.ofMinutes(3);

  /** Requests back off for up to 5 s, and what was held back has to be sent. */
  private static final Duration LONGEST_CATCH_UP = Duration.ofMinutes(2);

  /** As old as segments grow, and the time to send them. */
  private static final long CAUGHT_UP_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** While the log is full, for writes to wait behind the ones that were refused. */
  private static final Duration LONGEST_FILL = Duration.ofMinutes(3);

  @RegisterExtension final Lab lab = new Lab();

  /** What happens to the bucket. */
  @FunctionalInterface
  private interface Event {
    void of(TestBucket bucket) throws Exception;
  }

  @Test
  void theBucketFallsSilent() throws Exception {
    writeThrough(bucket -> bucket.process().suspend(), bucket -> bucket.process().resume());
  }

  @Test
  void theBucketEndsAndIsStartedAgain() throws Exception {
    writeThrough(bucket -> bucket.process().kill(), TestBucket::startAgain);
  }

  private void writeThrough(Event goes, Event comesBack) throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket);
    gateway.start();
    String nqn = gateway.createAndPublish(bucket.volume("disk"), "1GiB");
    int fioSeconds = OUTAGE_SECONDS + 15;
    Guest guest =
        Guest.boot(lab, network, "nvme-survive", LONGEST_SCENARIO)
            .with("NQN", nqn)
            .with("RECONNECTS", "0")
            .with("FIO_SECONDS", Integer.toString(fioSeconds))
            .with("FIO_MEBIBYTES", Integer.toString(fioSeconds))
            .start();
    guest.awaitMark("fio-running", LONGEST_BOOT);
    try (ControlClient control = gateway.control()) {
      goes.of(bucket);
      Thread.sleep(TimeUnit.SECONDS.toMillis(OUTAGE_SECONDS));
      assertTrue(!guest.output().contains("MARK fio-ended"), "fio ended too early");
      Volume behind = show(control);
      assertTrue(
          behind.getBucket().getUploadLagNanos() > TimeUnit.SECONDS.toNanos(OUTAGE_SECONDS) / 2,
          () -> "the bucket was away: " + behind);
      comesBack.of(bucket);
      long backNanos = System.nanoTime();
      Lab.await(
          "the bucket has all again",
          LONGEST_CATCH_UP,
          () -> show(control).getBucket().getUploadLagNanos() < CAUGHT_UP_NANOS);
      lab.figure(
          "after %d s the bucket was %.1f MiB and %.1f s behind; it caught up in %.1f s, fio writing"
              .formatted(
                  OUTAGE_SECONDS,
                  behind.getBucket().getUploadLagBytes() / 1048576.0,
                  behind.getBucket().getUploadLagNanos() / 1e9,
                  (System.nanoTime() - backNanos) / 1e9));
    }
    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));
    assertEquals(List.of("0"), guest.findAll("RECONNECTS ([0-9]+)"), "the host noticed nothing");
    guest.figures("fio ", " +(write: IOPS=[^;]+|read: IOPS=.*)");
    end(gateway);
  }

  @Test
  void theLogIsFull() throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    // The least there is; half of it for records: four passes of the host's.
    TestGateway gateway =
        TestGateway.forGuest(lab, network, bucket, "--volume-log-capacity", "64MiB");
    gateway.start();
    String nqn = gateway.createAndPublish(bucket.volume("disk"), "1GiB");
    Guest guest =
        Guest.boot(lab, network, "nvme-log-full", LONGEST_SCENARIO).with("NQN", nqn).start();
    guest.awaitMark("fio-running", LONGEST_BOOT);
    bucket.process().suspend();
    long goneNanos = System.nanoTime();
    try (ControlClient control = gateway.control()) {
      Lab.await(
          "writes are refused", LONGEST_FILL, () -> show(control).getState().equals("STALLED"));
      Volume full = show(control);
      lab.figure(
          "%.1f s after the bucket fell silent: %s, %d MiB of the log in use"
              .formatted(
                  (System.nanoTime() - goneNanos) / 1e9,
                  full.getReason(),
                  full.getBucket().getLogBytes() >> 20));
      guest.tell("reset");
      guest.awaitMark("reset", Duration.ofSeconds(90));
      Thread.sleep(TimeUnit.SECONDS.toMillis(OUTAGE_SECONDS));
      assertTrue(!guest.output().contains("MARK fio-ended"), "fio ended too early");
      assertEquals("STALLED", show(control).getState(), "still full");
      long appliedLsn = show(control).getAppliedLsn();
      bucket.process().resume();
      long backNanos = System.nanoTime();
      Lab.await(
          "the host writes again",
          LONGEST_CATCH_UP,
          () -> show(control).getAppliedLsn() > appliedLsn);
      lab.figure(
          "the bucket was away for %.1f s, and the host wrote again %.1f s after it was back"
              .formatted((backNanos - goneNanos) / 1e9, (System.nanoTime() - backNanos) / 1e9));
    }
    guest.tell("enough");
    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));
    assertTrue(guest.output().contains("inaccessible"), "the host knew why it waited");
    guest.figures("passes over the file, each as it was written: ", "PASSES ([0-9]+)");
    // Clean of errors, says the scenario.
    guest.findAll("(\\[ *[0-9.]+\\] .*)").stream()
        .map(line -> line.replaceFirst("^\\[[^]]*\\] ", "the kernel: "))
        .distinct()
        .forEach(lab::figure);
    end(gateway);
  }

  private static Volume show(ControlClient control) {
    VolumeName name = VolumeName.newBuilder().setName("disk").build();
    return control.volumes(stub -> stub.getVolume(name));
  }

  /** All is in the bucket, and nothing was lost on the way. */
  private static void end(TestGateway gateway) throws Exception {
    JsonNode after = gateway.awaitUploaded("disk", LONGEST_CATCH_UP);
    assertEquals("READY", after.at("/state").asText());
    assertEquals(1, after.at("/incarnation").asInt(), "nothing was lost");
    assertEquals(1, after.at("/bucket/epoch").asInt(), "one owner all the time");
    gateway.stop();
  }
}
