package dev.isthmus.blocktranslation;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Random;
import java.util.UUID;

/** Random names. Threading: thread-safe if its source is. */
final class Nonces {

  private final Random random;

  Nonces() {
    this(new SecureRandom());
  }

  /** For a simulation, with a source that repeats itself. */
  Nonces(Random random) {
    this.random = random;
  }

  long nextLong() {
    return random.nextLong();
  }

  String nextHex128() {
    var bytes = new byte[16];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** A random UUID of version 4. */
  UUID nextUuid() {
    return new UUID(
        (random.nextLong() & ~0xf000L) | 0x4000L,
        (random.nextLong() & ~(0xc0L << 56)) | (0x80L << 56));
  }
}
