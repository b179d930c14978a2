package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.blocktranslation.powercut.PowerCut;
import dev.isthmus.blocktranslation.powercut.RecordingDisk;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The gateway's machine loses power under a Linux host that writes and stays up: its data directory
 * lies on a recording disk, and comes back without what no flush of that disk covered, under
 * another boot id. The host must either go on over a disk that lost nothing, or be told that it is
 * another one; never go on in silence.
 */
@Timeout(600)
class KernelPowerCutIT {

  private static final Duration LONGEST_SCENARIO = Duration.ofSeconds(150);

  private static final Duration LONGEST_BOOT = Duration.ofMinutes(3);

  private static final int DISK_MEBIBYTES = 512;

  /** A log that fits on the disk, with roll files small enough to be rolled. */
  private static final String LOG_CAPACITY = "128MiB";

  /** How long writes go on before the cut. */
  private static final long WRITING_MILLIS = 700;

  @RegisterExtension final Lab lab = new Lab();

  @Test
  void aDiskThatMayHaveLostWritesIsAnotherNamespace() throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    RecordingDisk disk = disk();
    // Little is uploaded, so that much can be lost.
    TestGateway gateway = gateway(network, bucket, disk, "--volume-seal-after", "20s");
    String nqn = gateway.createAndPublish(bucket.volume("disk"), "1GiB");
    Guest guest =
        Guest.boot(lab, network, "nvme-changed-identity", LONGEST_SCENARIO)
            .with("NQN", nqn)
            .with("KEEP_WRITING", "1")
            .start();
    guest.awaitMark("written", LONGEST_BOOT);
    Thread.sleep(WRITING_MILLIS);
    JsonNode before = gateway.show("disk");

    RecordingDisk after = cutPower(gateway, disk, 1);
    gateway.start();

    JsonNode volume = gateway.show("disk");
    assertEquals("READY", volume.at("/state").asText(), "nobody's word is needed");
    assertTrue(volume.at("/rolled_back").asBoolean());
    assertEquals(before.at("/uuid"), volume.at("/uuid"));
    assertEquals(before.at("/incarnation").asInt() + 1, volume.at("/incarnation").asInt());
    long durableLsn = before.required("local_lsn").asLong();
    assertTrue(durableLsn > 0, "something was durable before the cut");
    assertTrue(
        volume.required("rolled_back_to_lsn").asLong() >= durableLsn,
        "what was durable before the cut is there");
    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));
    String was = guest.find("BEFORE nguid ([0-9a-f-]+)");
    String is = guest.find("AFTER nguid ([0-9a-f-]+)");
    assertNotEquals(was, is, "NGUID");
    assertTrue(
        guest.output().contains("identifiers changed for nsid 1"),
        "Linux said why it dropped the disk");
    gateway.stop();
    after.close();
    lab.figure(
        "applied before the cut %s, rolled back to %s; NGUID %s, then %s"
            .formatted(before.at("/applied_lsn"), volume.at("/rolled_back_to_lsn"), was, is));
    guest.figures("", "(nvme .*identifiers changed.*)");
    guest.figures("", "(WRITER .*)");
  }

  @Test
  void aDiskThatAcknowledgesDurableWritesGoesOn() throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    RecordingDisk disk = disk();
    TestGateway gateway = gateway(network, bucket, disk);
    String nqn = gateway.createAndPublish(bucket.volume("disk"), "1GiB", "--ack", "local");
    JsonNode before = gateway.show("disk");
    Guest guest =
        Guest.boot(lab, network, "nvme-survive", LONGEST_SCENARIO)
            .with("NQN", nqn)
            .with("RECONNECTS", "1")
            .with("FIO_SECONDS", "16")
            .with("FIO_MEBIBYTES", "16")
            .start();
    guest.awaitMark("fio-running", LONGEST_BOOT);
    Thread.sleep(WRITING_MILLIS);

    RecordingDisk after = cutPower(gateway, disk, 2);
    gateway.start();
    JsonNode back = gateway.show("disk");
    assertTrue(!guest.output().contains("MARK fio-ended"), "fio ended too early");
    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));

    assertEquals("READY", back.at("/state").asText());
    assertTrue(!back.at("/rolled_back").asBoolean(), "it is COMPLETE");
    assertEquals(before.at("/uuid"), back.at("/uuid"));
    assertEquals(1, back.at("/incarnation").asInt(), "nothing was lost");
    gateway.stop();
    after.close();
    guest.figures("fio ", " +(write: IOPS=[^;]+|read: IOPS=.*)");
  }

  private RecordingDisk disk() throws Exception {
    return lab.keep(RecordingDisk.empty(lab.data("disk-1"), DISK_MEBIBYTES));
  }

  private TestGateway gateway(
      TestNetwork network, TestBucket bucket, RecordingDisk disk, String... settings)
      throws Exception {
    var all = new String[settings.length + 2];
    all[0] = "--volume-log-capacity";
    all[1] = LOG_CAPACITY;
    System.arraycopy(settings, 0, all, 2, settings.length);
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket, all);
    gateway.moveTo(disk);
    gateway.start();
    return gateway;
  }

  /**
   * The gateway first: an error that it might still pass on is nothing that a machine without power
   * does. What the kernel writes back between the two is not lost, no more.
   */
  private RecordingDisk cutPower(TestGateway gateway, RecordingDisk disk, long seed)
      throws Exception {
    gateway.kill();
    long position = disk.cut();
    disk.close();
    Path image = lab.data("after-cut");
    PowerCut cut = PowerCut.at(disk.directory(), position, seed, image);
    lab.figure(cut.toString());
    RecordingDisk after = lab.keep(RecordingDisk.of(lab.data("disk-2"), image));
    gateway.moveTo(after);
    return after;
  }
}
