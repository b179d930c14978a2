package dev.isthmus.gateway.config;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.Durations;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.targets.nvme.HostAccess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything a gateway is told at its start. Validated; immutable.
 *
 * @param dataDirectory absolute
 * @param listen where NVMe/TCP hosts connect
 * @param advertise what discovery tells, or null for what was bound; port 0 for the bound one
 * @param hosts who may connect where a volume does not say its own
 * @param socket the control socket, absolute
 * @param metrics where HTTP is served, or null for nowhere
 * @param bucket where volumes with a bare name lie: a URI without a volume
 * @param defaultVolume whether a new data directory gets its first volume
 * @param shutdownTimeout longest that a stop waits for volumes to close
 * @param log level and format
 * @param volumes how volumes in buckets run
 * @param s3CredentialsFile AWS credentials file, or null for the SDK's own search
 * @param s3Profile profile in it, or null
 * @param insecureSkipVerify whether a bucket's URI may say that certificates are not looked at
 */
public record GatewaySettings(
    Path dataDirectory,
    HostPort listen,
    @Nullable HostPort advertise,
    HostAccess hosts,
    Path socket,
    @Nullable HostPort metrics,
    StorageUri bucket,
    boolean defaultVolume,
    Duration shutdownTimeout,
    Log log,
    ObjectVolumeSettings volumes,
    @Nullable Path s3CredentialsFile,
    @Nullable String s3Profile,
    boolean insecureSkipVerify) {

  /** What log lines look like. */
  public enum LogFormat {
    AUTO,
    TEXT,
    JSON
  }

  /**
   * How much is logged, and how it looks.
   *
   * @param level error, warn, info, debug or trace
   * @param format how a line looks
   */
  public record Log(String level, LogFormat format) {}

  private static final Set<String> LEVELS = Set.of("error", "warn", "info", "debug", "trace");

  /**
   * Checks and converts everything.
   *
   * @throws DeviceException.Invalid naming the setting and where it was said
   */
  public static GatewaySettings of(SettingLayers layers) {
    Path data = layers.get(SettingKey.DATA_DIR, GatewaySettings::absolute);
    HostPort listen = layers.get(SettingKey.LISTEN, HostPort::parse);
    Path socket = layers.getOrNull(SettingKey.SOCKET, GatewaySettings::absolute);
    StorageUri bucket = layers.getOrNull(SettingKey.BUCKET, StorageUri::parse);
    HostPort metrics =
        layers.get(SettingKey.METRICS, GatewaySettings::isOff)
            ? null
            : layers.get(SettingKey.METRICS, HostPort::parse);
    Duration shutdownTimeout = layers.get(SettingKey.SHUTDOWN_TIMEOUT, Durations::parse);
    return new GatewaySettings(
        data,
        listen,
        layers.getOrNull(SettingKey.ADVERTISE, GatewaySettings::advertise),
        hosts(layers, listen),
        socket == null ? data.resolve("isthmus.sock") : socket,
        metrics,
        bucket == null ? embeddedBucket(data) : bucket,
        layers.get(SettingKey.DEFAULT_VOLUME, GatewaySettings::bool),
        shutdownTimeout,
        new Log(
            layers.get(SettingKey.LOG_LEVEL, GatewaySettings::level),
            layers.get(SettingKey.LOG_FORMAT, GatewaySettings::format)),
        volumes(layers, data),
        layers.getOrNull(SettingKey.S3_CREDENTIALS_FILE, GatewaySettings::absolute),
        layers.getOrNull(SettingKey.S3_PROFILE, p -> p),
        layers.get(SettingKey.INSECURE_SKIP_VERIFY, GatewaySettings::bool));
  }

  /** The bucket that needs nothing but the data directory. */
  public static StorageUri embeddedBucket(Path dataDirectory) {
    return new StorageUri("bucket+file", "", dataDirectory.resolve("bucket").toString(), Map.of());
  }

  private static ObjectVolumeSettings volumes(SettingLayers layers, Path data) {
    try {
      return new ObjectVolumeSettings(
          data.resolve("volumes"),
          bytes(layers, SettingKey.VOLUME_LOG_CAPACITY),
          bytes(layers, SettingKey.VOLUME_CACHE),
          bytes(layers, SettingKey.VOLUME_MAP_MEMORY),
          Math.toIntExact(bytes(layers, SettingKey.VOLUME_SEGMENT)),
          layers.get(SettingKey.VOLUME_SEAL_AFTER, Durations::parse),
          layers.get(SettingKey.VOLUME_REQUEST_TIMEOUT, Durations::parse));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new DeviceException.Invalid("volume settings: " + e.getMessage(), e);
    }
  }

  private static long bytes(SettingLayers layers, SettingKey key) {
    return layers.get(key, text -> ByteSize.parse(text).bytes());
  }

  private static HostAccess hosts(SettingLayers layers, HostPort listen) {
    boolean anyHost = layers.get(SettingKey.ALLOW_ANY_HOST, GatewaySettings::bool);
    HostAccess only = layers.getOrNull(SettingKey.HOST_NQNS, GatewaySettings::allowList);
    if (only != null && anyHost) {
      throw new DeviceException.Invalid(
          "host_nqns and allow_any_host contradict each other: give one of them");
    }
    if (only != null) {
      return only;
    }
    if (!anyHost && !listen.address().isLoopbackAddress()) {
      throw new DeviceException.Invalid(
          "listening on "
              + listen
              + " lets other machines write to these disks. Say which hosts may connect"
              + " (--host-nqns NQN,NQN; a host's is in its /etc/nvme/hostnqn),"
              + " or --allow-any-host if the network itself keeps strangers out");
    }
    return HostAccess.any();
  }

  private static HostAccess allowList(String text) {
    var nqns = new LinkedHashSet<String>();
    Arrays.stream(text.split(",", -1)).map(String::strip).forEach(nqns::add);
    return new HostAccess.Only(nqns);
  }

  private static HostPort advertise(String text) {
    HostPort address = HostPort.parsePortOptional(text);
    if (address.address().isAnyLocalAddress()) {
      throw new DeviceException.Invalid("hosts cannot connect to " + address.addressText());
    }
    return address;
  }

  private static Path absolute(String text) {
    return Path.of(text).toAbsolutePath().normalize();
  }

  private static boolean isOff(String text) {
    return text.equals("off");
  }

  private static boolean bool(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new DeviceException.Invalid("it is true or false, not \"" + text + "\"");
    };
  }

  private static String level(String text) {
    if (!LEVELS.contains(text)) {
      throw new DeviceException.Invalid(
          "a level is error, warn, info, debug or trace, not \"" + text + "\"");
    }
    return text;
  }

  private static LogFormat format(String text) {
    return switch (text) {
      case "auto" -> LogFormat.AUTO;
      case "text" -> LogFormat.TEXT;
      case "json" -> LogFormat.JSON;
      default ->
          throw new DeviceException.Invalid("a format is auto, text or json, not \"" + text + "\"");
    };
  }
}
