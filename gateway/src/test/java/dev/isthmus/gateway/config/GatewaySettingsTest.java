package dev.isthmus.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.targets.nvme.HostAccess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GatewaySettingsTest {

  private static GatewaySettings settings(Map<SettingKey, String> flags) {
    return GatewaySettings.of(new SettingLayers(flags, Map.of(), Map.of()));
  }

  private static String refusal(Map<SettingKey, String> flags) {
    return String.valueOf(
        assertThrows(DeviceException.Invalid.class, () -> settings(flags)).getMessage());
  }

  @Test
  void defaultsServeThisMachineAlone() {
    GatewaySettings settings = settings(Map.of());
    assertEquals(Path.of("data").toAbsolutePath(), settings.dataDirectory());
    assertEquals("127.0.0.1:4420", settings.listen().toString());
    assertEquals(settings.dataDirectory().resolve("isthmus.sock"), settings.socket());
    assertEquals(
        "bucket+file://" + settings.dataDirectory() + "/bucket", settings.bucket().toString());
    assertTrue(settings.defaultVolume());
    assertEquals(Duration.ofSeconds(30), settings.shutdownTimeout());
    assertEquals(1L << 30, settings.volumes().logCapacityBytes());
    assertInstanceOf(HostAccess.Any.class, settings.hosts());
  }

  @Test
  void flagWinsOverEnvironmentOverFileOverDefault() {
    var file = Map.of(SettingKey.LISTEN, new SettingValue("127.0.0.1:3", "f line 1"));
    var environment = Map.of("ISTHMUS_LISTEN", "127.0.0.1:2");
    var flags = Map.of(SettingKey.LISTEN, "127.0.0.1:1");
    assertEquals(1, port(new SettingLayers(flags, environment, file)));
    assertEquals(2, port(new SettingLayers(Map.of(), environment, file)));
    assertEquals(3, port(new SettingLayers(Map.of(), Map.of("ISTHMUS_LISTEN", ""), file)));
    assertEquals(4420, port(new SettingLayers(Map.of(), Map.of(), Map.of())));
  }

  private static int port(SettingLayers layers) {
    return GatewaySettings.of(layers).listen().port();
  }

  @Test
  void beyondLoopbackNeedsAnAllowListOrTheWord() {
    assertTrue(refusal(Map.of(SettingKey.LISTEN, "0.0.0.0:4420")).contains("--allow-any-host"));
    assertTrue(refusal(Map.of(SettingKey.LISTEN, "[::]:4420")).contains("--host-nqns"));
    assertInstanceOf(
        HostAccess.Any.class,
        settings(Map.of(SettingKey.LISTEN, "0.0.0.0:4420", SettingKey.ALLOW_ANY_HOST, "true"))
            .hosts());
    assertEquals(
        new HostAccess.Only(Set.of("nqn.2026-01.a:1", "nqn.2026-01.a:2")),
        settings(
                Map.of(
                    SettingKey.LISTEN,
                    "0.0.0.0:4420",
                    SettingKey.HOST_NQNS,
                    "nqn.2026-01.a:1, nqn.2026-01.a:2"))
            .hosts());
    assertTrue(
        refusal(Map.of(SettingKey.HOST_NQNS, "nqn.2026-01.a:1", SettingKey.ALLOW_ANY_HOST, "true"))
            .contains("contradict"));
  }

  @Test
  void anAllowListHoldsOnLoopbackToo() {
    assertInstanceOf(
        HostAccess.Only.class, settings(Map.of(SettingKey.HOST_NQNS, "nqn.2026-01.a:1")).hosts());
  }

  @Test
  void complaintsNameTheirPlace() {
    assertTrue(refusal(Map.of(SettingKey.LISTEN, "4420")).startsWith("--listen: an address is "));
    assertTrue(
        refusal(Map.of(SettingKey.HOST_NQNS, "my-host")).startsWith("--host-nqns: an NQN is "));
    assertTrue(
        refusal(Map.of(SettingKey.SHUTDOWN_TIMEOUT, "30"))
            .startsWith("--shutdown-timeout: a duration is "));
    assertTrue(
        refusal(Map.of(SettingKey.VOLUME_CACHE, "1GB")).startsWith("--volume-cache: a size is "));
    assertTrue(refusal(Map.of(SettingKey.VOLUME_LOG_CAPACITY, "1MiB")).contains("64 MiB"));
    assertTrue(refusal(Map.of(SettingKey.VOLUME_SEGMENT, "4GiB")).startsWith("volume settings"));
    assertTrue(
        refusal(Map.of(SettingKey.BUCKET, "s3://key:secret@b/p")).contains("no user or password"));
    assertTrue(!refusal(Map.of(SettingKey.BUCKET, "s3://key:secret@b/p")).contains("secret"));
    assertTrue(refusal(Map.of(SettingKey.ADVERTISE, "0.0.0.0")).startsWith("--advertise: "));
    assertTrue(refusal(Map.of(SettingKey.LOG_LEVEL, "loud")).startsWith("--log-level: "));
  }

  @Test
  void metricsCanBeSwitchedOff() {
    assertNull(settings(Map.of(SettingKey.METRICS, "off")).metrics());
  }

  @Test
  void addressesOfVersionSixStandInBrackets() {
    assertEquals("[0:0:0:0:0:0:0:1]:4420", HostPort.parse("[::1]:4420").toString());
    assertThrows(DeviceException.Invalid.class, () -> HostPort.parse("::1:4420"));
    assertThrows(DeviceException.Invalid.class, () -> HostPort.parse("127.0.0.1:65536"));
    assertEquals(0, HostPort.parsePortOptional("10.0.0.1").port());
  }
}
