package dev.isthmus.blocktranslation.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Hostile manifests, their CRC made right again. {@code -Dfuzz.rounds=N}, {@code -Dfuzz.seed}. */
final class ManifestFuzz {

  private static final String[] NASTY = {
    "",
    "-",
    "0",
    "-1",
    "+1",
    "9223372036854775808",
    "99999999999999999999999999",
    "closed",
    "deleted",
    "local",
    "00000000-0000-0000-0000-000000000000",
    "0000000000000001-0000000000000002 1 2 3",
    "\u0000",
    "\ud83d\ude00",
    "1".repeat(70_000)
  };

  @Test
  void hostileTextIsAFormatExceptionAndNothingElse() {
    long seed = Long.getLong("fuzz.seed", 1);
    int rounds = Integer.getInteger("fuzz.rounds", 20_000);
    var random = new Random(seed);
    byte[] golden = ManifestCodec.encode(ManifestCodecTest.golden());
    int accepted = 0;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = mutate(golden, random);
      try {
        Manifest read = ManifestCodec.decode(bytes);
        assertArrayEquals(bytes, ManifestCodec.encode(read));
        accepted++;
      } catch (FormatException expected) {
        // The one right answer to a manifest that breaks the rules.
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
    assertTrue(accepted > 0 && accepted < rounds / 2, accepted + " accepted");
  }

  private static byte[] mutate(byte[] golden, Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> flipped(golden.clone(), random);
      case 1 -> {
        byte[] bytes = new byte[random.nextInt(2000)];
        random.nextBytes(bytes);
        yield bytes;
      }
      case 2 -> Arrays.copyOf(golden, random.nextInt(golden.length + 100));
      default -> rearranged(golden, random);
    };
  }

  private static byte[] flipped(byte[] bytes, Random random) {
    for (int i = 0; i <= random.nextInt(4); i++) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return repaired(bytes, random);
  }

  private static byte[] rearranged(byte[] golden, Random random) {
    var lines =
        new ArrayList<>(List.of(new String(golden, StandardCharsets.UTF_8).split("\n", -1)));
    int at = random.nextInt(lines.size() - 2);
    String other = lines.get(random.nextInt(lines.size() - 2));
    switch (random.nextInt(4)) {
      case 0 -> lines.remove(at);
      case 1 -> lines.add(at, other);
      case 2 -> lines.set(at, other);
      default -> {
        String line = lines.get(at);
        lines.set(
            at, line.substring(0, line.indexOf(' ') + 1) + NASTY[random.nextInt(NASTY.length)]);
      }
    }
    return ManifestCodecTest.withCrc(String.join("\n", lines));
  }

  private static byte[] repaired(byte[] bytes, Random random) {
    return random.nextInt(8) == 0
        ? bytes
        : ManifestCodecTest.withCrc(new String(bytes, StandardCharsets.UTF_8));
  }
}
