package dev.isthmus.gateway.bill;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.store.RequestKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a price table: one level of YAML, token by token as the configuration file is, so that each
 * complaint names its line and its key. Threading: confined to one read.
 */
public final class PriceFile {

  /** The table that is used where nobody names one, beside this class. */
  private static final String SHIPPED = "prices.yaml";

  /** Longest file that is looked at. */
  private static final int MAX_BYTES = 64 << 10;

  private static final int MAX_TEXT_LENGTH = 200;

  /** Also what keeps sums within reason. */
  private static final Pattern PRICE = Pattern.compile("[0-9]{1,9}(\\.[0-9]{1,12})?");

  private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");

  private static final long BINARY_GB = 1L << 30;
  private static final long DECIMAL_GB = 1_000_000_000L;

  /** What a table says, in the order of its keys; which are their names in lower case. */
  private enum Key {
    NAME,
    SOURCE,
    DATE,
    CURRENCY,
    BYTES_PER_GB,
    STORAGE_PER_GB_MONTH,
    PUT_PER_1000,
    LIST_PER_1000,
    GET_PER_1000,
    DELETE_PER_1000,
    TRANSFER_OUT_PER_GB,
    TRANSFER_OUT_FREE_GB;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean isOptional() {
      return this == TRANSFER_OUT_PER_GB || this == TRANSFER_OUT_FREE_GB;
    }

    static @Nullable Key of(String word) {
      return Arrays.stream(values())
          .filter(key -> key.word().equals(word))
          .findFirst()
          .orElse(null);
    }

    static Key of(RequestKind kind) {
      return switch (kind) {
        case GET -> GET_PER_1000;
        case PUT -> PUT_PER_1000;
        case DELETE -> DELETE_PER_1000;
        case LIST -> LIST_PER_1000;
      };
    }
  }

  /** A value as it was written, and where. */
  private record Said(String text, int line) {}

  private final String file;
  private final Map<Key, Said> said = new EnumMap<>(Key.class);

  private PriceFile(String file) {
    this.file = file;
  }

  /**
   * Reads {@code file}.
   *
   * @throws DeviceException.Invalid naming the line and the key of what is wrong
   */
  public static PriceTable read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return parse(file.toString(), in.readNBytes(MAX_BYTES + 1));
    } catch (NoSuchFileException e) {
      throw new DeviceException.Invalid("there is no price table " + file, e);
    } catch (IOException e) {
      throw new DeviceException.Invalid("cannot read the price table " + file + ": " + e, e);
    }
  }

  /** The table that is used where nobody names one. */
  public static PriceTable shipped() {
    try (InputStream in = PriceFile.class.getResourceAsStream(SHIPPED)) {
      if (in == null) {
        throw new IllegalStateException(SHIPPED + " is not among the classes");
      }
      return parse(SHIPPED, in.readNBytes(MAX_BYTES + 1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static PriceTable parse(String file, byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw new DeviceException.Invalid(file + " has more than 64 KiB: not a price table");
    }
    var reader = new PriceFile(file);
    try {
      reader.read(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new DeviceException.Invalid(file + " is no text in UTF-8: not a price table", e);
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw reader.invalid(
          at == null ? 1 : at.getLineNr(), e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return reader.table();
  }

  private void read(String text) throws IOException {
    var factory =
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (YAMLParser parser = factory.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw invalid(1, "a price table is a list of key: value");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        int line = parser.currentTokenLocation().getLineNr();
        Key key = Key.of(parser.currentName());
        if (key == null) {
          throw invalid(
              line,
              "unknown key \"%s\"; known are %s"
                  .formatted(printable(parser.currentName()), keys()));
        }
        said.put(key, new Said(value(parser, key, line), line));
      }
      if (parser.nextToken() != null) {
        throw invalid(
            parser.currentTokenLocation().getLineNr(), "a price table is one YAML document");
      }
    }
  }

  private static String keys() {
    return Arrays.stream(Key.values()).map(Key::word).collect(Collectors.joining(", "));
  }

  private String value(YAMLParser parser, Key key, int line) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == null
        || !token.isScalarValue()
        || token == JsonToken.VALUE_NULL
        || parser.isCurrentAlias()
        || parser.getText().isBlank()) {
      throw invalid(line, key, "it takes one value");
    }
    return parser.getText().strip();
  }

  private PriceTable table() {
    for (Key key : Key.values()) {
      if (!key.isOptional() && !said.containsKey(key)) {
        throw new DeviceException.Invalid(
            "%s: the key %s is missing%s"
                .formatted(file, key.word(), key.word().contains("_per_") ? "; 0 if free" : ""));
      }
    }
    var per1000 = new EnumMap<RequestKind, BigDecimal>(RequestKind.class);
    for (RequestKind kind : RequestKind.values()) {
      per1000.put(kind, get(Key.of(kind), PriceFile::price));
    }
    return new PriceTable(
        get(Key.NAME, PriceFile::text),
        get(Key.SOURCE, PriceFile::text),
        get(Key.DATE, PriceFile::date),
        get(Key.CURRENCY, PriceFile::currency),
        get(Key.BYTES_PER_GB, PriceFile::bytesPerGb),
        get(Key.STORAGE_PER_GB_MONTH, PriceFile::price),
        per1000,
        said.containsKey(Key.TRANSFER_OUT_PER_GB)
            ? get(Key.TRANSFER_OUT_PER_GB, PriceFile::price)
            : null,
        said.containsKey(Key.TRANSFER_OUT_FREE_GB)
            ? get(Key.TRANSFER_OUT_FREE_GB, PriceFile::price)
            : BigDecimal.ZERO);
  }

  private <T> T get(Key key, Function<String, T> conversion) {
    Said value = said.getOrDefault(key, new Said("", 0));
    try {
      return conversion.apply(value.text());
    } catch (IllegalArgumentException e) {
      throw invalid(
          value.line(), key, "%s, not \"%s\"".formatted(e.getMessage(), printable(value.text())));
    }
  }

  private static BigDecimal price(String text) {
    require(PRICE.matcher(text).matches(), "it takes a number like 0 or 0.023");
    return new BigDecimal(text);
  }

  private static String text(String text) {
    require(
        text.length() <= MAX_TEXT_LENGTH && text.equals(printable(text)),
        "it takes at most " + MAX_TEXT_LENGTH + " printable characters");
    return text;
  }

  private static LocalDate date(String text) {
    try {
      return LocalDate.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("it takes a date like 2026-01-31", e);
    }
  }

  private static String currency(String text) {
    require(CURRENCY.matcher(text).matches(), "it takes three capital letters like USD");
    return text;
  }

  /** A wrong one would be wrong by 7 %, and nobody would see it. */
  private static long bytesPerGb(String text) {
    require(
        text.equals(Long.toString(BINARY_GB)) || text.equals(Long.toString(DECIMAL_GB)),
        "it takes " + BINARY_GB + " (2^30) or " + DECIMAL_GB);
    return Long.parseLong(text);
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new IllegalArgumentException(what);
    }
  }

  /** Nothing that a terminal would obey, and not too much of it. */
  private static String printable(String text) {
    String cut = text.length() > MAX_TEXT_LENGTH ? text.substring(0, MAX_TEXT_LENGTH) + "…" : text;
    return cut.replaceAll("\\p{C}", "?");
  }

  private DeviceException.Invalid invalid(int line, Key key, String what) {
    return invalid(line, "\"" + key.word() + "\": " + what);
  }

  private DeviceException.Invalid invalid(int line, String what) {
    return new DeviceException.Invalid(file + " line " + line + ": " + printable(what));
  }
}
