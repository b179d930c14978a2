package dev.isthmus.gateway.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads the YAML file of settings. It is read token by token rather than bound to objects, since
 * only so every complaint can name its line, and nothing is converted behind the reader's back
 * ({@code no} stays the text "no").
 */
public final class ConfigFile {

  /** Longest file that is looked at. */
  private static final long MAX_BYTES = 1 << 20;

  private final String name;
  private final Map<SettingKey, SettingValue> values = new EnumMap<>(SettingKey.class);

  private ConfigFile(String name) {
    this.name = name;
  }

  /**
   * Reads {@code file}.
   *
   * @throws DeviceException.Invalid naming file, line and key of what is wrong
   */
  public static Map<SettingKey, SettingValue> read(Path file) {
    var reader = new ConfigFile(file.toString());
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new DeviceException.Invalid(file + " has more than 1 MiB: not a configuration file");
      }
      reader.parse(Files.readString(file));
    } catch (NoSuchFileException e) {
      throw new DeviceException.Invalid("there is no configuration file " + file, e);
    } catch (JsonProcessingException e) {
      throw reader.invalid(e.getLocation(), e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new DeviceException.Invalid("cannot read the configuration file " + file + ": " + e, e);
    }
    return reader.values;
  }

  private void parse(String text) throws IOException {
    var factory =
        YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (YAMLParser parser = factory.createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == null || first == JsonToken.VALUE_NULL) {
        return;
      }
      if (first != JsonToken.START_OBJECT) {
        throw invalid(parser, "a configuration file is a list of key: value");
      }
      section(parser, "");
      if (parser.nextToken() != null) {
        throw invalid(parser, "a configuration file is one YAML document");
      }
    }
  }

  private void section(YAMLParser parser, String prefix) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String path = prefix + parser.currentName();
      if (prefix.isEmpty() && SettingKey.isSection(path)) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw invalid(parser, "\"" + path + "\" is a section: indent its keys below it");
        }
        section(parser, path + ".");
        continue;
      }
      SettingKey key = SettingKey.ofPath(path).orElse(null);
      if (key == null) {
        throw invalid(
            parser,
            "unknown key \"" + path + "\"; known are " + String.join(", ", siblings(prefix)));
      }
      String origin = name + " line " + parser.currentTokenLocation().getLineNr();
      parser.nextToken();
      values.put(key, new SettingValue(value(parser, key), origin));
    }
  }

  private static List<String> siblings(String prefix) {
    return Arrays.stream(SettingKey.values())
        .map(SettingKey::path)
        .filter(p -> p.startsWith(prefix))
        .toList();
  }

  private String value(YAMLParser parser, SettingKey key) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      return scalar(parser, key);
    }
    if (!key.isList()) {
      throw invalid(parser, "\"" + key.path() + "\" takes one value, not a list");
    }
    var items = new ArrayList<String>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      items.add(scalar(parser, key));
    }
    return items.stream().collect(Collectors.joining(","));
  }

  private String scalar(YAMLParser parser, SettingKey key) throws IOException {
    if (!parser.currentToken().isScalarValue()
        || parser.currentToken() == JsonToken.VALUE_NULL
        || parser.isCurrentAlias()
        || parser.getText().isBlank()) {
      throw invalid(parser, "\"" + key.path() + "\" takes " + key.valueLabel());
    }
    return parser.getText().strip();
  }

  private DeviceException.Invalid invalid(JsonParser parser, String what) {
    return invalid(parser.currentTokenLocation(), what);
  }

  private DeviceException.Invalid invalid(JsonLocation location, String what) {
    return new DeviceException.Invalid(name + " line " + location.getLineNr() + ": " + what);
  }
}
