package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A Linux host's whole round on a volume in an S3 bucket: discovery, file system, checksummed I/O,
 * trim, check, disconnect.
 */
@Timeout(300)
class KernelNvmeIT {

  private static final Duration LONGEST_ROUND = Duration.ofSeconds(150);

  private static final long SIZE_BYTES = 1L << 30;

  @RegisterExtension final Lab lab = new Lab();

  @Test
  void blocksOf4096() throws Exception {
    round(4096, "", List.of("FIO_SIZE=24m"));
  }

  @Test
  void digestsAndMixedSizes() throws Exception {
    // Up to 128 KiB: beyond what a capsule holds, so with R2T, and many frames of a segment.
    round(
        4096,
        "--hdr-digest --data-digest",
        List.of("FIO_SIZE=96m", "FIO_OPTIONS=--bsrange=4k-128k"));
  }

  @Test
  void blocksOf512() throws Exception {
    // Below, within and across the 4 KiB that caches and file systems think in.
    round(512, "", List.of("FIO_SIZE=16m", "FIO_OPTIONS=--bsrange=512-16k"));
  }

  private void round(int blockBytes, String connectOptions, List<String> fio) throws Exception {
    TestNetwork network = TestNetwork.up(lab);
    TestBucket bucket = TestBucket.start(lab, network.prefix());
    TestGateway gateway = TestGateway.forGuest(lab, network, bucket);
    gateway.start();
    String nqn =
        gateway.createAndPublish(
            bucket.volume("disk"), "1GiB", "--block-size", Integer.toString(blockBytes));

    Guest guest =
        Guest.boot(lab, network, "nvme-fio", LONGEST_ROUND)
            .with("NQN", nqn)
            .with("CONNECT_OPTIONS", connectOptions)
            .withAll(fio)
            .start();
    guest.awaitSuccess(LONGEST_ROUND.plusSeconds(20));

    for (String said :
        List.of(
            "MARK ended",
            "subnqn:  " + nqn,
            "traddr:  " + TestNetwork.HOST_ADDRESS,
            "LIMIT logical_block_size " + blockBytes,
            "LIMIT write_cache write back",
            "LIMIT fua 1",
            " trimmed")) {
      assertTrue(guest.output().contains(said), () -> "the guest did not say: " + said);
    }
    assertEquals(SIZE_BYTES / blockBytes, Long.decode(guest.find("nsze +: (0x[0-9a-f]+)")));
    JsonNode volume = gateway.awaitUploaded("disk", Duration.ofSeconds(30));
    assertEquals("READY", volume.at("/state").asText());
    assertEquals(0, volume.at("/export/associations").asInt(), "the host disconnected");
    assertEquals(0, volume.at("/bucket/upload_lag_bytes").asLong());
    gateway.stop();

    guest.figures("fio ", " +(write: IOPS=[^;]+|read: IOPS=.*)");
    guest.figures("", "(/mnt: .* trimmed)");
    guest.figures("", "(nguid +: [0-9a-f]+)");
  }
}
