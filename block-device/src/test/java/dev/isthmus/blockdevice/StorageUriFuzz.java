package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.contract.Seed;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Random text and damaged URIs: parsed or refused as {@link DeviceException.Invalid}, nothing else;
 * what is parsed prints as a text that parses to the same.
 */
class StorageUriFuzz {

  private static final String[] PIECES = {
    "file",
    "s3",
    ":",
    "/",
    "//",
    "///",
    "?",
    "&",
    "=",
    "#",
    "%",
    "%2",
    "%20",
    "%00",
    "%ff",
    "%C3%BC",
    "@",
    "+",
    " ",
    "[",
    "]",
    "[::1]",
    "..",
    "ü",
    "\ud83d\ude00",
    "\ud800",
    "\0",
    "\n",
    "size",
    "64MiB",
    "blk_size",
    "bucket",
    "a",
    "~",
    "\"",
    "<",
    "|",
    "\\",
    "*",
    "'",
    ","
  };

  @Test
  void standsRandomInput() {
    run(2_000_000);
  }

  static void run(int rounds) {
    Seed.run(seed -> {
      var random = new Random(seed);
      int parsed = 0;
      for (int i = 0; i < rounds; i++) {
        parsed += check(random.nextInt(3) == 0 ? soup(random) : damaged(random)) ? 1 : 0;
      }
      assertTrue(parsed > rounds / 100, "the generator makes too few valid URIs: " + parsed);
    });
  }

  /** Whether it was a URI. */
  private static boolean check(String text) {
    StorageUri uri;
    try {
      uri = StorageUri.parse(text);
    } catch (DeviceException.Invalid e) {
      return false;
    } catch (RuntimeException e) {
      throw new AssertionError("on " + escape(text), e);
    }
    assertEquals(uri, StorageUri.parse(uri.toString()), () -> escape(text));
    return true;
  }

  private static String soup(Random random) {
    var text = new StringBuilder();
    for (int i = random.nextInt(12); i >= 0; i--) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    return text.toString();
  }

  private static String damaged(Random random) {
    var text = new StringBuilder("s3://bucket/vol%20ume/x?size=1GiB&endpoint=http://h:1/");
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(text.length());
      String piece = PIECES[random.nextInt(PIECES.length)];
      if (random.nextBoolean()) {
        text.insert(at, piece);
      } else {
        text.replace(at, Math.min(text.length(), at + random.nextInt(4)), piece);
      }
    }
    return text.toString();
  }

  private static String escape(String text) {
    var escaped = new StringBuilder();
    text.chars()
        .forEach(c -> {
          if (c > 32 && c < 127) {
            escaped.append((char) c);
          } else {
            escaped.append("\\u%04x".formatted(c));
          }
        });
    return escaped.toString();
  }
}
