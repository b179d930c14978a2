package dev.isthmus.blocktranslation.format;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.isthmus.blocktranslation.map.Extent;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Hostile segments and frames, with CRCs made right again, so that what lies behind them is
 * reached. {@code -Dfuzz.rounds=N}, {@code -Dfuzz.seed=SEED}.
 */
final class SegmentFuzz {

  private static final long[] NASTY = {
    0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE, 1L << 54, 64 << 20, 32769, 0xFFFF
  };

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void hostileBytesAreFormatExceptionsAndNothingElse() {
    long seed = Long.getLong("fuzz.seed", 1);
    int rounds = Integer.getInteger("fuzz.rounds", 50_000);
    var random = new Random(seed);
    byte[][] seeds = {SegmentCodecTest.golden(), SegmentCodecTest.goldenFence()};
    int accepted = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = mutate(seeds[random.nextInt(10) == 0 ? 1 : 0].clone(), random);
      long before = threads.getCurrentThreadAllocatedBytes();
      try {
        read(bytes);
        accepted++;
      } catch (FormatException expected) {
        // The one right answer to an object that breaks the rules.
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      // The list of entries, exceptions and class loading; never what a length field claims.
      if (allocated > 64L * bytes.length + (4 << 20)) {
        throw new AssertionError(
            "seed " + seed + ", round " + round + ": " + allocated + " bytes for " + bytes.length);
      }
    }
    assertTrue(accepted > 0 && accepted < rounds / 2, accepted + " accepted");
  }

  /** As the engine reads: header and table, what the map takes, each frame. */
  private static void read(byte[] bytes) throws FormatException {
    MemorySegment object = MemorySegment.ofArray(bytes);
    int tag = Frame.volumeTag(SegmentCodecTest.VOLUME);
    SegmentHeader header =
        SegmentHeader.decode(object, SegmentCodecTest.VOLUME, SegmentCodecTest.SEQUENCE);
    for (SegmentEntry entry : header.decodeTable(object)) {
      switch (entry.operation()) {
        case SegmentEntry.WRITE -> {
          Extent.data(
              entry.sector(),
              Math.toIntExact(entry.sectorCount()),
              header.sequence(),
              entry.frameOffset(),
              entry.storedLength());
          if (entry.frameOffset() < bytes.length) {
            Frame.decode(object.asSlice(entry.frameOffset()), tag, header.sequence());
          }
        }
        case SegmentEntry.ZEROES, SegmentEntry.DISCARD ->
            Extent.zeroes(entry.sector(), entry.sectorCount());
        default -> {
          // Marks and resizes name no place.
        }
      }
    }
  }

  private static byte[] mutate(byte[] bytes, Random random) {
    if (random.nextInt(20) == 0) {
      random.nextBytes(bytes);
      return Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
    }
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(random.nextBoolean() ? 256 : bytes.length);
      if (random.nextBoolean()) {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
      } else {
        long value =
            random.nextInt(8) == 0 ? random.nextLong() : NASTY[random.nextInt(NASTY.length)];
        int width = random.nextBoolean() ? 8 : 4;
        for (int j = at & -width; j < Math.min(bytes.length, (at & -width) + width); j++) {
          bytes[j] = (byte) value;
          value >>>= 8;
        }
      }
    }
    if (random.nextInt(10) == 0) {
      bytes = Arrays.copyOf(bytes, random.nextInt(2 * bytes.length));
    }
    repair(bytes);
    return bytes;
  }

  /** Every checksum that can be found is made right, inside out. */
  private static void repair(byte[] bytes) {
    if (bytes.length < 256) {
      return;
    }
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int count = b.getInt(120);
    if (count >= 0 && 256L + count * 40L <= bytes.length) {
      for (int i = 0; i < count; i++) {
        repairFrame(bytes, b, b.getInt(256 + i * 40 + 4));
      }
      b.putInt(124, SegmentCodecTest.crc(bytes, 256, count * 40));
    }
    b.putInt(12, 0);
    b.putInt(12, SegmentCodecTest.crc(bytes, 0, 256));
  }

  private static void repairFrame(byte[] bytes, ByteBuffer b, int at) {
    if (at < 256 || at > bytes.length - 72) {
      return;
    }
    int length = b.getInt(at + 16);
    if (length >= 0 && length <= bytes.length - at - 72) {
      int crc = SegmentCodecTest.crc(bytes, at + 72, length);
      b.putInt(at + 20, crc);
      b.putInt(at + 56, crc);
    }
    b.putInt(at + 8, 0);
    b.putInt(at + 8, SegmentCodecTest.crc(bytes, at, 72));
  }
}
