package dev.isthmus.targets.nvme;

import static dev.isthmus.targets.nvme.TargetFixture.BLOCK;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Hostile bytes: random PDUs, valid ones with bytes changed, valid ones cut and joined. Whatever
 * comes, the loop lives, the memory comes back, and other hosts are served.
 *
 * <p>{@code -Dfuzz.seed=N} repeats a run, {@code -Dfuzz.rounds=N} makes it longer.
 */
class NvmePduFuzz {

  private static final long SEED = Long.getLong("fuzz.seed", System.nanoTime());
  private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 300);

  @Test
  void hostileConnectionsHurtNoOne() throws Exception {
    try (var fixture =
            new TargetFixture(
                s -> s.withLoop(s.loop().withThreads(1).withBufferMemoryBytes(16L << 20)));
        var good = fixture.host()) {
      for (int round = 0; round < ROUNDS; round++) {
        long seed = SEED + round;
        try {
          attack(fixture, new Random(seed));
          assertEquals(0, good.read(0, 4, BLOCK).status());
          assertEquals(0, fixture.target.statistics().defects());
        } catch (IOException | RuntimeException | AssertionError e) {
          fail("-Dfuzz.seed=" + seed + " -Dfuzz.rounds=1", e);
        }
      }
      TargetFixture.eventually(
          "the hostile connections are gone", () -> fixture.target.statistics().connections() == 2);
      TargetFixture.eventually(
          "all memory is back (-Dfuzz.seed=" + SEED + ")",
          () -> fixture.target.statistics().bufferMemoryUsedBytes() == 0);
    }
  }

  private static void attack(TargetFixture fixture, Random random) throws IOException {
    boolean hdgst = random.nextBoolean();
    boolean ddgst = random.nextBoolean();
    if (random.nextInt(4) == 0) {
      try (var queue = new HostQueue(fixture.port())) {
        byte[] bytes = new byte[random.nextInt(400)];
        random.nextBytes(bytes);
        if (random.nextBoolean()) {
          mutate(HostQueue.icReq(0, 0, 0), bytes, random);
        }
        send(queue, bytes);
      }
      return;
    }
    var to = HostQueue.Connect.to(TargetFixture.NQN);
    try (var host = TestHost.connect(fixture.port(), to, 1, hdgst, ddgst)) {
      HostQueue queue = random.nextInt(3) == 0 ? host.admin : host.io();
      send(queue, pdus(queue, random));
    }
  }

  private static void mutate(byte[] valid, byte[] into, Random random) {
    System.arraycopy(valid, 0, into, 0, Math.min(valid.length, into.length));
    for (int i = random.nextInt(4); i > 0 && into.length > 0; i--) {
      into[random.nextInt(Math.min(into.length, 128))] = (byte) random.nextInt();
    }
  }

  /** Some PDUs of all kinds with random and with sensible fields, and then bytes changed. */
  private static byte[] pdus(HostQueue queue, Random random) {
    var all = new ByteArrayOutputStream();
    for (int i = random.nextInt(12); i >= 0; i--) {
      byte[] pdu =
          switch (random.nextInt(6)) {
            case 0 -> data(queue, random);
            case 1 -> HostQueue.icReq(random.nextInt(2), random.nextInt(40), random.nextInt(5));
            default -> capsule(queue, random);
          };
      if (random.nextInt(3) == 0) {
        for (int n = random.nextInt(4); n >= 0; n--) {
          pdu[random.nextInt(Math.min(pdu.length, 100))] = (byte) random.nextInt();
        }
      }
      int length = random.nextInt(10) == 0 ? random.nextInt(pdu.length) : pdu.length;
      all.write(pdu, 0, length);
    }
    return all.toByteArray();
  }

  private static byte[] data(HostQueue queue, Random random) {
    byte[] data = new byte[random.nextInt(1 << 14)];
    byte[] header =
        HostQueue.dataHeader(
            random.nextInt(8), random.nextInt(8), random.nextInt(3) * 4096, data.length);
    return queue.frame(6, random.nextBoolean() ? 4 : 0, header, data);
  }

  private static byte[] capsule(HostQueue queue, Random random) {
    int[] opcodes = {0, 1, 1, 2, 5, 6, 8, 9, 0xA, 0xC, 0x18, 0x7F, random.nextInt(256)};
    var entry = HostQueue.entry(opcodes[random.nextInt(opcodes.length)], 1);
    entry.putShort(2, (short) random.nextInt(8));
    for (int at = 40; at < 64; at += 4) {
      entry.putInt(at, random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(9));
    }
    byte[] data = new byte[random.nextBoolean() ? 0 : random.nextInt(9000)];
    int length = random.nextInt(4) == 0 ? random.nextInt() : (1 + random.nextInt(8)) * BLOCK;
    if (random.nextBoolean()) {
      HostQueue.byTransport(entry, length);
    } else {
      HostQueue.inCapsule(entry, random.nextBoolean() ? data.length : length);
      entry.putLong(24, random.nextInt(5) == 0 ? random.nextLong() : 0);
    }
    byte[] header = new byte[72];
    entry.get(0, header, 8, 64);
    return queue.frame(4, 0, header, data);
  }

  /** Sends, and reads a little of what comes back: whatever it is. */
  private static void send(HostQueue queue, byte[] bytes) throws IOException {
    try {
      queue.sendRaw(bytes);
      queue.socket.setSoTimeout(2);
      queue.socket.getInputStream().readNBytes(1 << 12);
    } catch (SocketException | SocketTimeoutException expected) {
      // The target may end the connection, or have nothing to say.
    }
  }
}
