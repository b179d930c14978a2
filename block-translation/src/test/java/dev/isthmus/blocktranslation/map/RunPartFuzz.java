package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Hostile parts, with CRCs made right again, so that what lies behind them is reached. */
final class RunPartFuzz {

  @Test
  void hostileBytesAreCorruptAndNothingElse() {
    long seed = Long.getLong("fuzz.seed", 1);
    int rounds = Integer.getInteger("fuzz.rounds", 100_000);
    var random = new Random(seed);
    byte[] golden = RunPartTest.write(RunPartTest.goldenExtents(), 4);
    int accepted = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = golden.clone();
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        change(bytes, random);
      }
      if (random.nextInt(10) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(2 * bytes.length));
      }
      repair(bytes);
      try {
        RunPartTest.read(bytes);
        accepted++;
      } catch (DeviceException.Corrupt expected) {
        // The one right answer to a part that breaks the rules.
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
    assertTrue(accepted > 0 && accepted < rounds / 2, accepted + " accepted");
  }

  private static void change(byte[] bytes, Random random) {
    int at =
        switch (random.nextInt(4)) {
          case 0 -> random.nextInt(PartLayout.HEADER_BYTES);
          case 1 -> PartLayout.HEADER_BYTES + random.nextInt(100);
          default -> random.nextInt(bytes.length);
        };
    if (random.nextBoolean()) {
      bytes[at] ^= (byte) (1 << random.nextInt(8));
    } else {
      long[] values = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, random.nextLong(), 1L << 54};
      long value = values[random.nextInt(values.length)];
      for (int i = at & ~7; i < Math.min(bytes.length, (at & ~7) + 8); i++) {
        bytes[i] = (byte) value;
        value >>>= 8;
      }
    }
  }

  private static void repair(byte[] bytes) {
    var part = MemorySegment.ofArray(bytes);
    if (bytes.length < PartLayout.totalLength(1)) {
      return;
    }
    part.set(PartLayout.U32, 12, PartLayout.crc(part, 0, PartLayout.HEADER_BYTES, 12));
    int pageCount = part.get(PartLayout.U32, 56);
    if (pageCount < 1 || pageCount > 4 || PartLayout.totalLength(pageCount) > bytes.length) {
      return;
    }
    for (int i = 0; i < pageCount; i++) {
      long at = PartLayout.HEADER_BYTES + (long) i * PartLayout.PAGE_BYTES;
      part.set(PartLayout.U32, at + 4, PartLayout.crc(part, at, PartLayout.PAGE_BYTES, 4));
    }
    long index = PartLayout.indexOffset(pageCount);
    int firsts = PartLayout.firstsLength(pageCount);
    part.set(
        PartLayout.U32,
        index + 20,
        PartLayout.crc(part, index + firsts, (long) pageCount * PartLayout.FILTER_BYTES, -1));
    part.set(PartLayout.U32, index + 4, PartLayout.crc(part, index, firsts, 4));
  }
}
