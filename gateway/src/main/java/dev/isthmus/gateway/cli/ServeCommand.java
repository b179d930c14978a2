package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.Gateway;
import dev.isthmus.gateway.Version;
import dev.isthmus.gateway.config.ConfigFile;
import dev.isthmus.gateway.config.GatewaySettings;
import dev.isthmus.gateway.config.SettingKey;
import dev.isthmus.gateway.config.SettingLayers;
import dev.isthmus.gateway.logging.LogSetup;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs the gateway until it is told to stop. Its flags are the table of {@link SettingKey}. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    modelTransformer = ServeCommand.Flags.class,
    description = {
      "Run the gateway.",
      "",
      "Without arguments: a 1 GiB volume named disk0, kept under ./data, for hosts on this"
          + " machine. A later start finds all volumes again, published as they were.",
      "",
      "SIGTERM or Ctrl-C drains what is in flight, flushes, and closes; a second one ends at once"
          + " (no completed write is lost by that, the next start takes longer).",
      "",
      "Each option is also an environment variable (--log-level: ISTHMUS_LOG_LEVEL) and a key of the"
          + " configuration file (log: level:). A flag wins over the environment, that over the"
          + " file."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus serve",
      "  isthmus serve --data-dir /var/lib/isthmus --config /etc/isthmus.yaml",
      "  isthmus serve --listen 0.0.0.0:4420 --advertise 10.0.0.7 \\",
      "    --host-nqns nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    })
final class ServeCommand implements Callable<Integer> {

  /** Whether standard error is a terminal; only the launcher can tell. */
  static final String TERMINAL_PROPERTY = "isthmus.stderr.terminal";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "YAML file of settings (environment: ISTHMUS_CONFIG); see docs/configuration.md.")
  private @Nullable Path config;

  /** Adds a flag for each setting. */
  static final class Flags implements picocli.CommandLine.IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec spec) {
      for (SettingKey key : SettingKey.values()) {
        String defaultText = key.defaultText();
        OptionSpec.Builder option =
            OptionSpec.builder(key.flag())
                .type(String.class)
                .paramLabel(key.valueLabel())
                .description(
                    key.help() + (defaultText == null ? "" : " Default: " + defaultText + "."));
        if (key.isSwitch()) {
          option.arity("0..1").fallbackValue("true");
        }
        spec.addOption(option.build());
      }
      return spec;
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    GatewaySettings settings = GatewaySettings.of(layers(System.getenv()));
    LogSetup.apply(settings.log().level(), json(settings.log().format()));
    Logger log = LoggerFactory.getLogger(ServeCommand.class);
    var signals = new StopSignals();
    PrintWriter out = spec.commandLine().getOut();
    Gateway gateway = Gateway.start(settings);
    // Opening may wait long for a bucket, and a stop must not wait for that.
    Thread.ofVirtual()
        .name("isthmus-open")
        .start(() -> {
          gateway.openVolumes();
          Banner.print(gateway, settings, out);
          log.info("isthmus {} serves from {}", Version.text(), settings.dataDirectory());
        });
    signals.await();
    log.info("stopping, in at most {} s", settings.shutdownTimeout().toSeconds());
    List<String> unclean = gateway.stop();
    if (!unclean.isEmpty()) {
      log.error(
          "stopped, but these volumes could not be closed cleanly in time: {}. Nothing completed is"
              + " lost: their logs keep it",
          unclean);
      return ExitCode.UNCLEAN_STOP;
    }
    log.info("stopped cleanly");
    return ExitCode.OK;
  }

  private SettingLayers layers(Map<String, String> environment) {
    var flags = new EnumMap<SettingKey, String>(SettingKey.class);
    for (SettingKey key : SettingKey.values()) {
      ArgSpec option = spec.findOption(key.flag());
      String value = option == null ? null : option.getValue();
      if (value != null) {
        flags.put(key, value);
      }
    }
    String fromEnvironment = environment.get("ISTHMUS_CONFIG");
    Path file =
        config == null && fromEnvironment != null && !fromEnvironment.isEmpty()
            ? Path.of(fromEnvironment)
            : config;
    return new SettingLayers(flags, environment, file == null ? Map.of() : ConfigFile.read(file));
  }

  private static boolean json(GatewaySettings.LogFormat format) {
    return switch (format) {
      case JSON -> true;
      case TEXT -> false;
      case AUTO -> !Boolean.getBoolean(TERMINAL_PROPERTY);
    };
  }
}
