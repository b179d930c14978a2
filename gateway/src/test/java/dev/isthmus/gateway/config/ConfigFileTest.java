package dev.isthmus.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {

  @TempDir Path directory;

  private Map<SettingKey, SettingValue> read(String text) throws IOException {
    return ConfigFile.read(Files.writeString(directory.resolve("isthmus.yaml"), text));
  }

  private String refusal(String text) {
    DeviceException failure = assertThrows(DeviceException.Invalid.class, () -> read(text));
    return Objects.requireNonNullElse(failure.getMessage(), "").replace(directory + "/", "");
  }

  @Test
  void readsSectionsListsAndPlainValues() throws IOException {
    var values =
        read(
            """
            # how db1 serves
            listen: 0.0.0.0:4420
            host_nqns:
              - nqn.2014-08.org.nvmexpress:uuid:1
              - nqn.2014-08.org.nvmexpress:uuid:2
            volume:
              cache: 1GiB
            log: {level: debug}
            """);
    assertEquals("0.0.0.0:4420", Objects.requireNonNull(values.get(SettingKey.LISTEN)).text());
    assertEquals(
        "nqn.2014-08.org.nvmexpress:uuid:1,nqn.2014-08.org.nvmexpress:uuid:2",
        Objects.requireNonNull(values.get(SettingKey.HOST_NQNS)).text());
    assertEquals("1GiB", Objects.requireNonNull(values.get(SettingKey.VOLUME_CACHE)).text());
    assertEquals("debug", Objects.requireNonNull(values.get(SettingKey.LOG_LEVEL)).text());
    assertTrue(
        Objects.requireNonNull(values.get(SettingKey.VOLUME_CACHE))
            .origin()
            .endsWith("isthmus.yaml line 7"));
    assertEquals(4, values.size());
  }

  @Test
  void anEmptyFileSaysNothing() throws IOException {
    assertEquals(Map.of(), read(""));
    assertEquals(Map.of(), read("# nothing\n"));
  }

  @Test
  void refusesUnknownKeysByNameAndLine() {
    assertTrue(
        refusal("listen: 127.0.0.1:1\nlisen: x\n")
            .startsWith("isthmus.yaml line 2: unknown key \"lisen\"; known are data_dir, listen,"));
    assertEquals(
        "isthmus.yaml line 3: unknown key \"log.levle\"; known are log.level, log.format",
        refusal("log:\n  format: json\n  levle: info\n"));
  }

  @Test
  void refusesWhatIsNoValue() {
    assertEquals(
        "isthmus.yaml line 1: \"listen\" takes one value, not a list", refusal("listen: [a, b]"));
    assertEquals("isthmus.yaml line 1: \"listen\" takes ADDR:PORT", refusal("listen: {a: b}"));
    assertEquals("isthmus.yaml line 1: \"listen\" takes ADDR:PORT", refusal("listen:"));
    assertEquals(
        "isthmus.yaml line 1: \"log\" is a section: indent its keys below it",
        refusal("log: info"));
    assertEquals(
        "isthmus.yaml line 1: a configuration file is a list of key: value", refusal("- a\n"));
  }

  @Test
  void refusesDuplicatesTwoDocumentsAndBrokenYaml() {
    assertTrue(refusal("listen: a\nlisten: b\n").contains("line 2: Duplicate field 'listen'"));
    assertTrue(refusal("listen: a\n---\nlisten: b\n").contains("one YAML document"));
    assertTrue(refusal("listen: [a\nmetrics: b\n").matches("isthmus.yaml line [0-9]+: .+"));
  }

  @Test
  void refusesAliasesThatMultiply() {
    assertTrue(
        refusal("host_nqns: &a [x]\nlisten: *a\n").startsWith("isthmus.yaml line 2: "),
        "an alias is not a value");
  }

  @Test
  void namesAMissingFile() {
    var failure =
        assertThrows(
            DeviceException.Invalid.class, () -> ConfigFile.read(directory.resolve("none.yaml")));
    assertEquals(
        "there is no configuration file " + directory.resolve("none.yaml"), failure.getMessage());
  }
}
