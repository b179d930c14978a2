package dev.isthmus.gateway.cli;

import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.VolumeHistory;
import dev.isthmus.gateway.logs.LogFinder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the commands on logs take. They need no daemon. */
final class LogOptions {

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "The gateway's data directory (ISTHMUS_DATA_DIR; default: ./data).")
  private @Nullable Path dataDirectory;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table for people, json for scripts. Default: table.")
  private ClientOptions.Output output = ClientOptions.Output.table;

  @Option(
      names = "--volume",
      paramLabel = "NAME|URI",
      description = {
        "Ask the volume's bucket too: which log its manifest names, and how far it holds what a"
            + " log holds. A name is looked up in the data directory. Only reads; needs access to"
            + " the bucket, as `isthmus serve` does (credentials: environment or AWS files)."
      })
  private @Nullable String volume;

  boolean json() {
    return output == ClientOptions.Output.json;
  }

  boolean asksBucket() {
    return volume != null;
  }

  LogFinder finder(PrintWriter err) {
    return new LogFinder(
        dataDirectory(System.getenv()), warning -> err.println("warning: " + warning));
  }

  private Path dataDirectory(Map<String, String> environment) {
    Path chosen = dataDirectory;
    if (chosen == null) {
      String said = environment.getOrDefault("ISTHMUS_DATA_DIR", "");
      chosen = Path.of(said.isEmpty() ? "data" : said);
    }
    return chosen.toAbsolutePath().normalize();
  }

  /** Calls {@code use} with what the bucket says; with null if it is not to be asked. */
  <T> T asking(LogFinder finder, Function<@Nullable VolumeHistory, T> use) {
    String asked = volume;
    if (asked == null) {
      return use.apply(null);
    }
    try (var buckets =
        new ObjectVolumeProvider(ObjectVolumeSettings.defaults(finder.volumesDirectory()))) {
      return use.apply(buckets.history(finder.volumeUri(asked)));
    }
  }
}
