package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A volume that lost completed writes must not come back under its old name: Linux has to drop the
 * disk rather than go on over one that went back in time.
 */
@Timeout(420)
class KernelIdentityIT {

  private static final Duration LONGEST_SCENARIO = Duration.ofMinutes(2);

  @RegisterExtension final Lab lab = new Lab();

  @Test
  void aVolumeThatLostItsLogIsAnotherNamespace() throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    // What the guest writes is less than a segment, so all of it is in the log alone.
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket, "--volume-seal-after", "120s");
    gateway.start();
    String nqn = gateway.createAndPublish(bucket.volume("disk"), "1GiB");

    Guest guest =
        Guest.boot(lab, network, "nvme-changed-identity", LONGEST_SCENARIO)
            .with("NQN", nqn)
            .start();
    guest.awaitMark("written", Duration.ofMinutes(1));
    JsonNode before = gateway.show("disk");
    assertTrue(before.at("/applied_lsn").asLong() > 0, "the guest wrote");
    assertEquals(0, before.at("/uploaded_lsn").asLong(), "nothing is in the bucket");

    gateway.kill();
    deleteTree(gateway.volumeDirectory(before.at("/uuid").asText()));
    gateway.start();

    JsonNode refused = gateway.show("disk");
    assertEquals("NOT_OPEN", refused.at("/state").asText(), "a loss needs somebody's word");
    String reason = refused.at("/reason").asText();
    assertTrue(reason.contains("takeover=lossy"), reason);
    lab.figure("refused with: " + reason);
    TestGateway.Run unspoken = gateway.isthmus("volume", "open", "disk");
    assertEquals(3, unspoken.exitCode(), unspoken.err());

    JsonNode after = gateway.json("volume", "open", "disk", "--takeover=lossy");
    assertEquals("READY", after.at("/state").asText());
    assertTrue(after.at("/rolled_back").asBoolean());
    assertEquals(0, after.at("/rolled_back_to_lsn").asLong(), "all that was in the log is lost");
    assertEquals(before.at("/uuid"), after.at("/uuid"));
    assertEquals(
        before.at("/incarnation").asInt() + 1, after.at("/incarnation").asInt(), "incarnation");
    assertEquals(nqn, after.at("/export/nqn").asText(), "published as before");

    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));
    String before16 = guest.find("BEFORE nguid ([0-9a-f-]+)");
    String after16 = guest.find("AFTER nguid ([0-9a-f-]+)");
    assertNotEquals(before16, after16, "NGUID");
    assertTrue(
        guest.output().contains("identifiers changed"), "Linux said why it dropped the disk");
    gateway.stop();
    lab.figure("NGUID before " + before16 + ", after " + after16);
    guest.figures("", "(nvme .*identifiers changed.*)");
  }

  /** As if that disk had been replaced. */
  private static void deleteTree(Path root) throws Exception {
    assertTrue(Files.isDirectory(root), () -> "no log in " + root);
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
