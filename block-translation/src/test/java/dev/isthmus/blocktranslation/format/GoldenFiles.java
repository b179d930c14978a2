package dev.isthmus.blocktranslation.format;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Objects as they were once written, which every later version must read and write alike. */
final class GoldenFiles {

  private GoldenFiles() {}

  /** The bytes of a file of hexadecimal lines beside this class. */
  static byte[] hex(String name) {
    return HexFormat.of()
        .parseHex(new String(bytes(name), StandardCharsets.US_ASCII).replace("\n", ""));
  }

  static byte[] bytes(String name) {
    try (InputStream in = GoldenFiles.class.getResourceAsStream(name)) {
      return java.util.Objects.requireNonNull(in, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
