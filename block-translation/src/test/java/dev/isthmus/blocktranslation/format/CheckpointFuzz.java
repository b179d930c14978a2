package dev.isthmus.blocktranslation.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Hostile checkpoints, with CRCs made right again, so that what lies behind them is reached. */
final class CheckpointFuzz {

  @Test
  void hostileBytesAreCorruptAndWhatIsAcceptedComesBack() {
    long seed = Long.getLong("fuzz.seed", 1);
    int rounds = Integer.getInteger("fuzz.rounds", 300_000);
    var random = new Random(seed);
    byte[] golden = CheckpointCodecTest.encode(CheckpointCodecTest.golden());
    int accepted = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = golden.clone();
      int changes = 1 + random.nextInt(3);
      for (int i = 0; i < changes; i++) {
        change(bytes, random);
      }
      if (random.nextInt(10) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(2 * bytes.length));
      }
      repair(bytes);
      try {
        byte[] again = CheckpointCodecTest.encode(CheckpointCodecTest.decode(bytes));
        assertArrayEquals(bytes, again, "seed " + seed + ", round " + round);
        accepted++;
      } catch (DeviceException.Corrupt expected) {
        // The one right answer to a checkpoint that breaks the rules.
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
    assertTrue(accepted > 0 && accepted < rounds * 0.8, accepted + " accepted");
  }

  private static void change(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length);
    if (random.nextBoolean()) {
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      return;
    }
    int width = random.nextBoolean() ? 8 : 4;
    long[] values = {0, 1, 2, -1, Long.MAX_VALUE, Integer.MAX_VALUE, random.nextLong(), 1L << 54};
    long value = values[random.nextInt(values.length)];
    int from = at - at % width;
    for (int i = from; i < from + width; i++) {
      bytes[i] = (byte) value;
      value >>>= 8;
    }
  }

  private static void repair(byte[] bytes) {
    if (bytes.length < 256) {
      return;
    }
    var buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(132, crc(bytes, 256, bytes.length));
    buffer.putInt(12, 0);
    buffer.putInt(12, crc(bytes, 0, 256));
  }

  private static int crc(byte[] bytes, int from, int to) {
    var crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }
}
