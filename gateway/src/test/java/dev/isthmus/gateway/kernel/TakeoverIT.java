package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.targets.nvme.NvmeTestInitiator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Two gateways on one bucket, as after a host that was taken for dead and was not: the second has
 * the volume from the moment that it says so, whatever the first does.
 */
@Timeout(420)
class TakeoverIT {

  private static final int BLOCK_BYTES = 4096;

  /** NVMe: path-related status, asymmetric access persistent loss (NVMe Base 2.0, figure 97). */
  private static final int PERSISTENT_LOSS = 0x301;

  /** Blocks that are written again and again; the others are written once, in their order. */
  private static final int HOT_BLOCKS = 100;

  private static final int HOT_START = 100_000;

  /** Far enough for a prefix that is not all of them. */
  private static final int FIRST_WRITES = 600;

  private static final long FIRST = 0x1111_1111_0000_0000L;
  private static final long SECOND = 0x2222_2222_0000_0000L;

  @RegisterExtension final Lab lab = new Lab();

  private TestGateway gateway(String name, TestBucket bucket, String... settings) throws Exception {
    var all = new ArrayList<>(List.of("--listen", "127.0.0.1:0"));
    all.addAll(List.of(settings));
    var gateway = new TestGateway(lab, name, List.of(), bucket, all);
    gateway.start();
    return gateway;
  }

  /** A block of which each eighth byte tells who wrote it and where. */
  private static byte[] stamped(long writer, int block) {
    var data = ByteBuffer.allocate(BLOCK_BYTES);
    while (data.hasRemaining()) {
      data.putLong(writer + block);
    }
    return data.array();
  }

  private static byte[] read(NvmeTestInitiator host, int block) throws Exception {
    NvmeTestInitiator.ReadResult read = host.read(block, 1);
    assertEquals(0, read.code(), () -> "read of block " + block);
    return read.data();
  }

  private static NvmeTestInitiator connect(TestGateway gateway, String volume) throws Exception {
    JsonNode shown = gateway.show(volume);
    assertTrue(shown.at("/export/port").isInt(), shown::toString);
    return NvmeTestInitiator.connect(
        shown.at("/export/port").asInt(), shown.at("/export/nqn").asText(), BLOCK_BYTES);
  }

  /**
   * Writes to the first gateway until it refuses: block i, then the hot block i mod {@link
   * #HOT_BLOCKS}. Threading: has the host to itself from {@link #start} to {@link #join}.
   */
  private static final class FirstWriter {
    private final NvmeTestInitiator host;
    private final Thread thread = new Thread(this::run, "first-writer");

    /** Writes that completed, of both kinds. */
    private final AtomicInteger accepted = new AtomicInteger();

    private volatile int status;
    private volatile @Nullable Exception failure;

    FirstWriter(NvmeTestInitiator host) {
      this.host = host;
    }

    void start() {
      thread.start();
    }

    private void run() {
      try {
        for (int i = 0; status == 0; i++) {
          write(i, i);
          if (status == 0) {
            write(HOT_START + i % HOT_BLOCKS, i);
          }
          // About 2 MB/s: segments end by age, not by size.
          Thread.sleep(4);
        }
      } catch (Exception e) {
        failure = e;
      }
    }

    private void write(int block, int i) throws IOException {
      status = host.write(block, stamped(FIRST, i));
      if (status == 0) {
        accepted.incrementAndGet();
      }
    }

    /** Waits for the refusal. */
    void join() throws Exception {
      if (!thread.join(Duration.ofSeconds(30))) {
        host.close();
        throw new AssertionError("the first gateway goes on as if nothing had happened");
      }
      if (failure != null) {
        throw failure;
      }
    }

    int cold() {
      return (accepted.get() + 1) / 2;
    }

    int hot() {
      return accepted.get() / 2;
    }
  }

  @Test
  void theSecondGatewayOwnsTheVolumeWhateverTheFirstDoes() throws Exception {
    TestBucket bucket = TestBucket.start(lab, List.of());
    String uri = bucket.volume("disk");
    // Long enough that the first has something to lose, and goes on for a while.
    TestGateway first = gateway("first", bucket, "--volume-seal-after", "4s");
    TestGateway second = gateway("second", bucket);
    String _ = first.createAndPublish(uri, "1GiB");
    JsonNode created = first.show("disk");

    try (NvmeTestInitiator oldHost = connect(first, "disk")) {
      String oldNguid = oldHost.nguid();
      var writer = new FirstWriter(oldHost);
      writer.start();
      Lab.await(
          "the first writes", Duration.ofSeconds(30), () -> writer.accepted.get() >= FIRST_WRITES);
      TestGateway.Run polite = second.isthmus("volume", "open", uri);
      assertEquals(3, polite.exitCode(), polite.err());
      assertTrue(polite.err().contains("takeover=lossy"), polite.err());
      JsonNode asked = first.show("disk");
      assertEquals("READY", asked.at("/state").asText(), "asking disturbs nobody");

      int before = writer.accepted.get();
      JsonNode taken = second.json("volume", "open", uri, "--takeover=lossy");
      int until = writer.accepted.get();
      assertEquals("READY", taken.at("/state").asText());
      assertTrue(taken.at("/rolled_back").asBoolean());
      assertEquals(created.at("/uuid"), taken.at("/uuid"));
      assertEquals(created.at("/incarnation").asInt() + 1, taken.at("/incarnation").asInt());
      JsonNode _ = second.json("volume", "publish", "disk");

      try (NvmeTestInitiator newHost = connect(second, "disk")) {
        assertNotEquals(oldNguid, newHost.nguid(), "NGUID");
        lab.figure("NGUID at the first " + oldNguid + ", at the second " + newHost.nguid());
        int prefix = prefix(newHost);
        assertTrue(prefix >= asked.at("/uploaded_lsn").asLong(), () -> "uploaded: " + prefix);
        for (int i = 0; i < HOT_BLOCKS; i++) {
          assertEquals(0, newHost.write(HOT_START + i, stamped(SECOND, i)));
        }
        writer.join();
        lab.figure(
            "the first had completed %d to %d writes; the second found the first %d of them"
                .formatted(before, until, prefix));
        lab.figure(
            "the first completed %d more before it knew that they count no longer"
                .formatted(writer.accepted.get() - until));
        checkFenced(first, oldHost, writer);
        checkSecond(newHost, prefix, writer);
        restartFirst(first);
        checkSecond(newHost, prefix, writer);
        restartSecond(second, prefix, writer);
      }
    }
    second.stop();
    first.stop();
  }

  /** How many of the first's writes the second has: an exact prefix of their order. */
  private static int prefix(NvmeTestInitiator newHost) throws Exception {
    int cold = 0;
    while (Arrays.equals(stamped(FIRST, cold), read(newHost, cold))) {
      cold++;
    }
    assertTrue(cold > 0, "the second has none of the first's writes");
    // The hot write of the last cold one may or may not be there; all before it, and none after.
    int last = cold - 1;
    boolean lastHot =
        Arrays.equals(stamped(FIRST, last), read(newHost, HOT_START + last % HOT_BLOCKS));
    int hot = lastHot ? cold : last;
    for (int i = Math.max(0, hot - HOT_BLOCKS); i < hot; i++) {
      assertArrayEquals(
          stamped(FIRST, i), read(newHost, HOT_START + i % HOT_BLOCKS), "hot write " + i);
    }
    return cold + hot;
  }

  private void checkFenced(TestGateway first, NvmeTestInitiator oldHost, FirstWriter writer)
      throws Exception {
    assertEquals(PERSISTENT_LOSS, writer.status, "the status of a refused write");
    assertEquals(PERSISTENT_LOSS, oldHost.write(1, stamped(FIRST, 1)), "writes are refused");
    assertEquals(PERSISTENT_LOSS, oldHost.flush(), "nothing is promised any more");
    JsonNode fenced = first.show("disk");
    assertEquals("FENCED", fenced.at("/state").asText());
    String reason = fenced.at("/reason").asText();
    assertTrue(reason.contains("no longer owns the volume"), reason);
    lab.figure("fenced with: " + reason);
    TestGateway.Run text = first.isthmus("volume", "show", "disk");
    assertEquals(0, text.exitCode(), text.err());
    assertTrue(text.out().contains("FENCED") && text.out().contains("no longer owns"), text.out());
    // Some of it from the bucket, where the second owner goes on; what was read does not change.
    for (int i = 0; i < writer.cold(); i++) {
      assertArrayEquals(stamped(FIRST, i), read(oldHost, i), "block " + i + " at the first");
    }
    for (int i = Math.max(0, writer.hot() - HOT_BLOCKS); i < writer.hot(); i++) {
      assertArrayEquals(
          stamped(FIRST, i), read(oldHost, HOT_START + i % HOT_BLOCKS), "hot write " + i);
    }
  }

  private static void checkSecond(NvmeTestInitiator newHost, int prefix, FirstWriter writer)
      throws Exception {
    int cold = (prefix + 1) / 2;
    for (int i = 0; i < writer.cold(); i++) {
      byte[] expected = i < cold ? stamped(FIRST, i) : new byte[BLOCK_BYTES];
      assertArrayEquals(expected, read(newHost, i), "block " + i + " at the second");
    }
    for (int i = 0; i < HOT_BLOCKS; i++) {
      assertArrayEquals(stamped(SECOND, i), read(newHost, HOT_START + i), "the second's " + i);
    }
  }

  /** A fenced owner that starts again must not take the volume back by itself. */
  private void restartFirst(TestGateway first) throws Exception {
    first.kill();
    first.start();
    JsonNode shown = first.show("disk");
    assertEquals("NOT_OPEN", shown.at("/state").asText());
    String reason = shown.at("/reason").asText();
    assertTrue(reason.contains("takeover=lossy"), reason);
    lab.figure("the first, started again, says: " + reason);
  }

  /** The second's crash loses nothing that it completed. */
  private static void restartSecond(TestGateway second, int prefix, FirstWriter writer)
      throws Exception {
    second.kill();
    second.start();
    JsonNode shown = second.show("disk");
    assertEquals("READY", shown.at("/state").asText());
    assertEquals(2, shown.at("/incarnation").asInt(), "a crash of the gateway is no loss");
    try (NvmeTestInitiator host = connect(second, "disk")) {
      checkSecond(host, prefix, writer);
      assertEquals(0, host.write(HOT_START, stamped(SECOND, 0)), "and it goes on");
    }
  }
}
