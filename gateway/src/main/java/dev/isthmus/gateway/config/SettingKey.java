package dev.isthmus.gateway.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every setting there is: the one table from which flags, environment variables, the file's keys,
 * the help and the checks are made. A flag wins over the environment, that over the file, that over
 * the default.
 */
public enum SettingKey {
  DATA_DIR(
      "data_dir", "DIR", "./data", "Where the gateway keeps everything it needs to find again."),
  LISTEN("listen", "ADDR:PORT", "127.0.0.1:4420", "Where NVMe/TCP hosts connect."),
  ADVERTISE(
      "advertise",
      "ADDR[:PORT]",
      null,
      "What discovery tells hosts, where they reach this machine under another address."),
  HOST_NQNS(
      "host_nqns",
      "NQN,…",
      null,
      "Hosts that may connect. A host's NQN is what it says, not proven."),
  ALLOW_ANY_HOST(
      "allow_any_host", "true|false", "false", "Let every host that reaches the port connect."),
  SOCKET("socket", "PATH", null, "Control socket (default: DATA_DIR/isthmus.sock)."),
  METRICS("metrics", "ADDR:PORT|off", "127.0.0.1:9420", "HTTP for /metrics, /healthz, /readyz."),
  BUCKET(
      "bucket",
      "URI",
      null,
      "Where volumes with a bare name lie (default: bucket+file://DATA_DIR/bucket)."),
  DEFAULT_VOLUME(
      "default_volume",
      "true|false",
      "true",
      "On the first start in a new data directory, create and publish 1GiB as disk0."),
  SHUTDOWN_TIMEOUT(
      "shutdown_timeout", "DURATION", "30s", "Longest that a stop waits for volumes to close."),
  LOG_LEVEL("log.level", "LEVEL", "info", "error, warn, info, debug or trace."),
  LOG_FORMAT("log.format", "FORMAT", "auto", "text, json, or auto: text on a terminal."),
  VOLUME_LOG_CAPACITY(
      "volume.log_capacity", "SIZE", "1GiB", "Most bytes of one volume's log on the local disk."),
  VOLUME_CACHE("volume.cache", "SIZE", "256MiB", "Memory for one volume's cached blocks."),
  VOLUME_MAP_MEMORY("volume.map_memory", "SIZE", "64MiB", "Memory for one volume's block map."),
  VOLUME_SEGMENT("volume.segment", "SIZE", "8MiB", "Size at which a segment is uploaded."),
  VOLUME_SEAL_AFTER(
      "volume.seal_after", "DURATION", "1s", "Age at which a segment is uploaded though not full."),
  VOLUME_REQUEST_TIMEOUT(
      "volume.request_timeout",
      "DURATION",
      "30s",
      "Deadline of one request to a bucket with its retries."),
  S3_CREDENTIALS_FILE(
      "s3.credentials_file",
      "FILE",
      null,
      "AWS credentials file (default: the AWS SDK's own search)."),
  S3_PROFILE("s3.profile", "NAME", null, "Profile in the AWS configuration and credentials."),
  INSECURE_SKIP_VERIFY(
      "insecure_skip_verify",
      "true|false",
      "false",
      "Permit buckets whose URI says insecure_skip_verify=true.");

  private final String path;
  private final String valueLabel;
  private final @Nullable String defaultText;
  private final String help;

  SettingKey(String path, String valueLabel, @Nullable String defaultText, String help) {
    this.path = path;
    this.valueLabel = valueLabel;
    this.defaultText = defaultText;
    this.help = help;
  }

  /** Name in the file: {@code key} or {@code section.key}. */
  public String path() {
    return path;
  }

  /** As {@code --log-level}. */
  public String flag() {
    return "--" + path.replace('.', '-').replace('_', '-');
  }

  /** As {@code ISTHMUS_LOG_LEVEL}. */
  public String environmentVariable() {
    return "ISTHMUS_" + path.replace('.', '_').toUpperCase(Locale.ROOT);
  }

  /** What stands for the value in help. */
  public String valueLabel() {
    return valueLabel;
  }

  /** The default as one would write it, or null if the help says what holds. */
  public @Nullable String defaultText() {
    return defaultText;
  }

  /** One line for people. */
  public String help() {
    return help;
  }

  /** Whether the flag may stand without a value, for true. */
  public boolean isSwitch() {
    return valueLabel.equals("true|false");
  }

  /** Whether the file may give a list. */
  public boolean isList() {
    return this == HOST_NQNS;
  }

  /** The key of a path in the file. */
  public static Optional<SettingKey> ofPath(String path) {
    return Arrays.stream(values()).filter(k -> k.path.equals(path)).findFirst();
  }

  /** Whether some key lies in this section of the file. */
  public static boolean isSection(String name) {
    return Arrays.stream(values()).anyMatch(k -> k.path.startsWith(name + "."));
  }
}
