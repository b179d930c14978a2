package dev.isthmus.gateway.config;

import dev.isthmus.blockdevice.DeviceException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The value of each key after precedence: flag, environment, file, default. Immutable. */
public final class SettingLayers {

  private final Map<SettingKey, SettingValue> values = new EnumMap<>(SettingKey.class);

  /**
   * Lays them over each other.
   *
   * @param flags what the command line said
   * @param environment the process's variables
   * @param file what the file said; empty where there is none
   */
  public SettingLayers(
      Map<SettingKey, String> flags,
      Map<String, String> environment,
      Map<SettingKey, SettingValue> file) {
    for (SettingKey key : SettingKey.values()) {
      SettingValue value = first(key, flags.get(key), environment, file.get(key));
      if (value != null) {
        values.put(key, value);
      }
    }
  }

  private static @Nullable SettingValue first(
      SettingKey key,
      @Nullable String flag,
      Map<String, String> environment,
      @Nullable SettingValue fromFile) {
    if (flag != null) {
      return new SettingValue(flag, key.flag());
    }
    String variable = environment.get(key.environmentVariable());
    if (variable != null && !variable.isEmpty()) {
      return new SettingValue(variable, key.environmentVariable());
    }
    if (fromFile != null) {
      return fromFile;
    }
    String defaultText = key.defaultText();
    return defaultText == null
        ? null
        : new SettingValue(defaultText, "the default of " + key.path());
  }

  /** The text of {@code key}, if it was said or has a default. */
  public Optional<SettingValue> find(SettingKey key) {
    return Optional.ofNullable(values.get(key));
  }

  /**
   * The value of a key that has a default.
   *
   * @throws DeviceException.Invalid naming where the value came from
   */
  public <T> T get(SettingKey key, Function<String, T> parser) {
    SettingValue value = find(key).orElseThrow();
    return parse(value, parser);
  }

  /** The value of {@code key}, or null. */
  public <T> @Nullable T getOrNull(SettingKey key, Function<String, T> parser) {
    SettingValue value = values.get(key);
    return value == null ? null : parse(value, parser);
  }

  private static <T> T parse(SettingValue value, Function<String, T> parser) {
    try {
      return parser.apply(value.text());
    } catch (DeviceException.Invalid | IllegalArgumentException e) {
      throw new DeviceException.Invalid(value.origin() + ": " + e.getMessage(), e);
    }
  }
}
