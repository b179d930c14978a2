package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.isthmus.blockdevice.contract.Seed;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {

  @ParameterizedTest
  @CsvSource({
    "0,0",
    "4096,4096",
    "1B,1",
    "64MiB,67108864",
    "1GiB,1073741824",
    "16TiB,17592186044416",
    "8191PiB,9222246136947933184",
    "9223372036854775807,9223372036854775807"
  })
  void parses(String text, long bytes) {
    assertEquals(bytes, ByteSize.parse(text).bytes());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "-1",
        "+1",
        "1 MiB",
        "1.5GiB",
        "MiB",
        "1MB",
        "1M",
        "1mib",
        "1Mib",
        "0x10",
        "1e3",
        "9223372036854775808",
        "8192PiB",
        "99999999999999999999",
        "1EiB",
        "١"
      })
  void refuses(String text) {
    assertThrows(DeviceException.Invalid.class, () -> ByteSize.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"0,0", "1023,1023", "1024,1KiB", "1536,1536", "67108864,64MiB", "1099511627776,1TiB"})
  void formats(long bytes, String text) {
    assertEquals(text, new ByteSize(bytes).toString());
  }

  @Test
  void parsesWhatItFormats() {
    Seed.run(seed -> {
      var random = new Random(seed);
      for (int i = 0; i < 10_000; i++) {
        var size = new ByteSize(random.nextLong() >>> 1 >> random.nextInt(63));
        assertEquals(size, ByteSize.parse(size.toString()));
        var round = new ByteSize(size.bytes() >> 40 << 40);
        assertEquals(round, ByteSize.parse(round.toString()));
      }
    });
  }
}
