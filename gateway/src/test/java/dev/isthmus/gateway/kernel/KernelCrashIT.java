package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The gateway goes away under a Linux host that writes, and comes back: the host reconnects by
 * itself, no write that completed is lost, no error reaches a program.
 */
@Timeout(600)
class KernelCrashIT {

  private static final Duration LONGEST_SCENARIO = Duration.ofSeconds(150);

  private static final Duration LONGEST_BOOT = Duration.ofMinutes(3);

  /** Linux tries each second here (RECONNECT_SECONDS). */
  private static final Duration LONGEST_RECONNECT = Duration.ofSeconds(90);

  /**
   * How long writes go on before an outage. After one, fio makes up for lost time at several
   * thousand writes a second, and has {@link #FIO_MEBIBYTES} in all.
   */
  private static final long WRITING_MILLIS = 300;

  private static final int FIO_MEBIBYTES = 24;

  /** By its rate, before it has to make up for anything. */
  private static final int FIO_SECONDS = 16;

  @RegisterExtension final Lab lab = new Lab();

  /** How the gateway ends. */
  @FunctionalInterface
  private interface End {
    void of(TestGateway gateway) throws Exception;
  }

  @Test
  void killedTwice() throws Exception {
    JsonNode volume = survive(List.of(TestGateway::kill, TestGateway::kill));
    assertEquals(3, volume.at("/bucket/epoch").asLong(), "each open is an epoch");
  }

  @Test
  void stoppedInOrder() throws Exception {
    JsonNode volume = survive(List.of(TestGateway::stop));
    assertEquals(2, volume.at("/bucket/epoch").asLong(), "each open is an epoch");
  }

  /** Gives what the gateway says of the volume when all is over. */
  private JsonNode survive(List<End> ends) throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket);
    gateway.start();
    String nqn = gateway.createAndPublish(bucket.volume("disk"), "1GiB");
    JsonNode before = gateway.show("disk");

    Guest guest =
        Guest.boot(lab, network, "nvme-survive", LONGEST_SCENARIO)
            .with("NQN", nqn)
            .with("RECONNECTS", Integer.toString(ends.size()))
            .with("FIO_SECONDS", Integer.toString(FIO_SECONDS))
            .with("FIO_MEBIBYTES", Integer.toString(FIO_MEBIBYTES))
            .start();
    guest.awaitMark("fio-running", LONGEST_BOOT);
    for (End end : ends) {
      Thread.sleep(WRITING_MILLIS);
      outage(gateway, end, nqn);
    }
    // Else nothing was written through the last outage.
    assertTrue(!guest.output().contains("MARK fio-ended"), "fio ended too early");
    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));
    assertTrue(guest.output().contains("MARK ended"), "the scenario went to its end");

    JsonNode after = gateway.awaitUploaded("disk", Duration.ofSeconds(30));
    assertEquals("READY", after.at("/state").asText());
    assertEquals(before.at("/uuid"), after.at("/uuid"));
    assertEquals(1, after.at("/incarnation").asInt(), "nothing was lost");
    assertEquals(0, after.at("/export/associations").asInt(), "the host disconnected");
    gateway.stop();

    guest.figures("fio ", " +(write: IOPS=[^;]+|read: IOPS=.*)");
    List<String> lost = guest.findAll("\\[ *([0-9.]+)\\] nvme .*: starting error recovery");
    List<String> back = guest.findAll("\\[ *([0-9.]+)\\] nvme .*: Successfully reconnected");
    assertEquals(ends.size(), back.size(), "reconnects");
    lab.figure("the kernel lost its connection at s " + lost + ", and had it again at s " + back);
    return after;
  }

  private void outage(TestGateway gateway, End end, String nqn) throws Exception {
    long endedNanos = System.nanoTime();
    end.of(gateway);
    long goneNanos = System.nanoTime();
    gateway.start();
    long servesNanos = System.nanoTime();
    var _ =
        gateway.process().awaitLine(".* connected to " + nqn + " as controller", LONGEST_RECONNECT);
    long connectedNanos = System.nanoTime();
    lab.figure(
        "ended in %d ms, served again %d ms later, reconnected %d ms after that"
            .formatted(
                TimeUnit.NANOSECONDS.toMillis(goneNanos - endedNanos),
                TimeUnit.NANOSECONDS.toMillis(servesNanos - goneNanos),
                TimeUnit.NANOSECONDS.toMillis(connectedNanos - servesNanos)));
  }
}
