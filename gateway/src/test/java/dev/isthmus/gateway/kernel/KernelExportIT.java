package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A person gets the disk back with nothing but the bucket: what a Linux host wrote is exported to
 * an image, without a gateway, and mounted here; with the newest checkpoint damaged, and with none.
 */
@Timeout(420)
class KernelExportIT {

  private static final Duration LONGEST_SCENARIO = Duration.ofSeconds(150);
  private static final Duration LONGEST_COMMAND = Duration.ofSeconds(60);

  @RegisterExtension final Lab lab = new Lab();

  @Test
  void theDiskComesBackFromItsBucketAlone() throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    String uri = bucket.volume("disk");
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket);
    gateway.start();
    String nqn = gateway.createAndPublish(uri, "512MiB");
    Guest _ = write(network, nqn, 1);
    // Each stop writes a checkpoint.
    gateway.stop();
    gateway.start();
    Map<String, String> sums = sums(write(network, nqn, 2));
    assertTrue(sums.size() > 60, sums::toString);

    TestGateway.Run live = gateway.alone("volume", "export", uri, image("open").toString());
    assertEquals(0, live.exitCode(), live::err);
    assertTrue(live.err().contains("the volume is open"), live::err);
    gateway.stop();

    JsonNode whole = export(gateway, uri, "whole");
    assertTrue(whole.at("/complete").asBoolean());
    assertFalse(whole.at("/open_elsewhere").asBoolean());
    assertTrue(whole.at("/read_from").asText().contains("newest"), whole::toString);
    check("whole", sums);

    gateway.alone(BucketVandal.class.getName(), List.of(uri, "flip-newest"));
    JsonNode before = export(gateway, uri, "previous");
    assertTrue(before.at("/complete").asBoolean());
    assertTrue(before.at("/read_from").asText().contains("before"), before::toString);
    assertTrue(before.at("/warnings/0").asText().contains("damaged"), before::toString);
    check("previous", sums);

    gateway.alone(BucketVandal.class.getName(), List.of(uri, "remove-all"));
    JsonNode none = export(gateway, uri, "none");
    assertTrue(none.at("/complete").asBoolean());
    assertTrue(none.at("/read_from").asText().contains("segments alone"), none::toString);
    check("none", sums);
    for (JsonNode each : List.of(before, none)) {
      assertEquals(whole.at("/sha256"), each.at("/sha256"), "the same image");
      assertEquals(whole.at("/lsn"), each.at("/lsn"));
    }

    // And on: a volume again, elsewhere, which is the same disk.
    String copy = bucket.volume("copy");
    TestGateway.Run imported = gateway.alone("volume", "import", image("none").toString(), copy);
    assertEquals(0, imported.exitCode(), imported::err);
    assertEquals(0, gateway.alone("volume", "verify", copy, image("whole").toString()).exitCode());
  }

  private Guest write(TestNetwork network, String nqn, int round) throws Exception {
    Guest guest =
        Guest.boot(lab, network, "nvme-files", LONGEST_SCENARIO)
            .with("NQN", nqn)
            .with("ROUND", Integer.toString(round))
            .start();
    guest.awaitSuccess(LONGEST_SCENARIO.plusSeconds(20));
    assertTrue(guest.output().contains("MARK ended"), "the scenario went to its end");
    return guest;
  }

  /** SHA-256 by path, as the guest saw them. */
  private static Map<String, String> sums(Guest guest) throws Exception {
    var sums = new TreeMap<String, String>();
    for (String line : guest.findAll("SUM ([0-9a-f]{64}  /mnt/.*)$")) {
      sums.put(line.substring("/mnt/".length() + 66), line.substring(0, 64));
    }
    return sums;
  }

  private Path image(String name) {
    return lab.data(name + ".img");
  }

  private JsonNode export(TestGateway gateway, String uri, String name) throws Exception {
    long begin = System.nanoTime();
    TestGateway.Run run =
        gateway.alone("volume", "export", uri, image(name).toString(), "--sha256", "-o", "json");
    assertEquals(0, run.exitCode(), run::err);
    JsonNode summary = new ObjectMapper().readTree(run.out());
    lab.figure(
        "%s: %d ms, %d requests, %d bytes received, %s"
            .formatted(
                name,
                (System.nanoTime() - begin) / 1_000_000,
                summary.at("/requests").asLong(),
                summary.at("/received_bytes").asLong(),
                summary.at("/read_from").asText()));
    return summary;
  }

  /** The image is a sound file system with the guest's files. */
  private void check(String name, Map<String, String> sums) throws Exception {
    Path image = image(name);
    assertEquals(512L << 20, Files.size(image));
    run(name + "-fsck", "e2fsck", "-fn", image.toString());
    Path mount = Files.createDirectories(lab.data(name + ".mnt"));
    // noload: it was unmounted in order, so there is no journal to be replayed.
    run(name + "-mount", "mount", "-o", "loop,ro,noload", image.toString(), mount.toString());
    try {
      var found = new TreeMap<String, String>();
      try (Stream<Path> all = Files.walk(mount)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
          found.put(mount.relativize(file).toString(), HexFormat.of().formatHex(digest));
        }
      }
      assertEquals(sums, found);
    } finally {
      run(name + "-umount", "umount", mount.toString());
    }
  }

  private void run(String log, String... command) throws Exception {
    String _ = ChildProcess.run(lab.log(log), LONGEST_COMMAND, new ArrayList<>(List.of(command)));
  }
}
