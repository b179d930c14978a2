package dev.isthmus.gateway.bill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.store.RequestKind;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PriceFileTest {

  private static final String TABLE =
      """
      name: Some provider
      source: https://example.com/prices
      date: 2026-01-31
      currency: EUR
      bytes_per_gb: 1000000000
      storage_per_gb_month: 0.006
      put_per_1000: 0
      list_per_1000: 0.004
      get_per_1000: 0.0004
      delete_per_1000: 0
      """;

  @TempDir private Path directory = Path.of("unset");

  private static PriceTable parse(String text) {
    return PriceFile.parse("prices.yaml", text.getBytes(StandardCharsets.UTF_8));
  }

  private static String complaint(String text) {
    var invalid = assertThrows(DeviceException.Invalid.class, () -> parse(text), text);
    return String.valueOf(invalid.getMessage());
  }

  private static String shippedText() throws IOException {
    try (InputStream in = PriceFile.class.getResourceAsStream("prices.yaml")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aTableIsReadAsItIsWritten() throws IOException {
    Path file = directory.resolve("prices.yaml");
    Files.writeString(file, TABLE);
    PriceTable table = PriceFile.read(file);
    assertEquals("Some provider", table.name());
    assertEquals("2026-01-31", table.date().toString());
    assertEquals(1_000_000_000, table.bytesPerGb());
    assertEquals(new BigDecimal("0.006"), table.storagePerGbMonth());
    assertEquals(new BigDecimal("0.0004"), table.per1000(RequestKind.GET));
    assertEquals(new BigDecimal("0.004"), table.per1000(RequestKind.LIST));
    assertNull(table.transferOutPerGb());
  }

  @Test
  void theOneThatComesAlongIsInTheManualToTheLetter() throws IOException {
    PriceTable table = PriceFile.shipped();
    assertEquals(1L << 30, table.bytesPerGb(), "AWS charges by 2^30 bytes");
    assertEquals(new BigDecimal("0.023"), table.storagePerGbMonth());
    assertEquals(new BigDecimal("0.005"), table.per1000(RequestKind.PUT));
    Path page = Path.of("").toAbsolutePath();
    while (!Files.exists(page.resolve("docs/configuration.md"))) {
      page = Objects.requireNonNull(page.getParent(), "no docs/configuration.md above");
    }
    String manual = Files.readString(page.resolve("docs/configuration.md"));
    assertTrue(manual.contains("```yaml\n" + shippedText() + "```"), "docs/configuration.md");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "get_per_1000: 0.0004 | get_per_1000: -1 | line 9: \"get_per_1000\": it takes a number like 0 or 0.023, not \"-1\"",
        "get_per_1000: 0.0004 | get_per_1000: 1e9 | line 9: \"get_per_1000\"",
        "get_per_1000: 0.0004 | get_per_1000: NaN | line 9: \"get_per_1000\"",
        "get_per_1000: 0.0004 | get_per_1000: 0,5 | line 9: \"get_per_1000\"",
        "get_per_1000: 0.0004 | get_per_1000: 12345678901 | line 9: \"get_per_1000\"",
        "get_per_1000: 0.0004 | get_per_1000: [1, 2] | line 9: \"get_per_1000\": it takes one value",
        "get_per_1000: 0.0004 | get_per_1000: | line 9: \"get_per_1000\": it takes one value",
        "get_per_1000: 0.0004 | get_per_1001: 1 | line 9: unknown key \"get_per_1001\"; known are name,",
        "get_per_1000: 0.0004 | put_per_1000: 1 | line 9: Duplicate",
        "get_per_1000: 0.0004 | # | prices.yaml: the key get_per_1000 is missing; 0 if free",
        "currency: EUR | # | prices.yaml: the key currency is missing",
        "currency: EUR | currency: euro | line 4: \"currency\": it takes three capital letters",
        "date: 2026-01-31 | date: 2026-02-30 | line 3: \"date\": it takes a date like 2026-01-31",
        "bytes_per_gb: 1000000000 | bytes_per_gb: 1000 | line 5: \"bytes_per_gb\": it takes 1073741824 (2^30)",
        "name: Some provider | name: *other | line 1",
        "name: Some provider | name: \"\\e[2Jgone\" | line 1: \"name\": it takes at most 200 printable",
        "name: Some provider | - name | line 1: a price table is a list of key: value",
        "delete_per_1000: 0 | --- | line 11: a price table is one YAML document",
      })
  void whatIsWrongIsSaidWithItsLineAndKey(String from, String to, String expected) {
    String said = complaint(TABLE.replace(from, to));
    assertTrue(said.contains(expected), said);
    assertFalse(said.chars().anyMatch(c -> c < ' '), said);
  }

  @Test
  void whatIsNoTableIsRefused() throws IOException {
    Path none = directory.resolve("none.yaml");
    assertTrue(
        String.valueOf(
                assertThrows(DeviceException.Invalid.class, () -> PriceFile.read(none))
                    .getMessage())
            .startsWith("there is no price table "));
    // As long as one likes to read.
    assertThrows(DeviceException.Invalid.class, () -> PriceFile.read(Path.of("/dev/zero")));
    assertThrows(DeviceException.Invalid.class, () -> PriceFile.read(directory));
    complaint("");
    complaint("0.023");
    complaint("a".repeat(100_000));
    assertThrows(
        DeviceException.Invalid.class,
        () -> PriceFile.parse("prices.yaml", new byte[] {'n', ':', ' ', (byte) 0xff}));
  }

  /** Whatever is in it: a table, or words that say what is wrong. */
  @Test
  void damagedTablesAreTablesOrRefused() throws IOException {
    byte[] sound = shippedText().getBytes(StandardCharsets.UTF_8);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      var random = new Random(round);
      byte[] bytes = sound.clone();
      for (int i = 1 + random.nextInt(4); i > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        PriceFile.parse("prices.yaml", bytes);
      } catch (DeviceException.Invalid e) {
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + round, e);
      }
    }
    assertTrue(refused > 500, "refused: " + refused);
  }
}
