package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command that talks to a daemon takes. */
final class ClientOptions {

  /** How an answer looks. */
  enum Output {
    table,
    json
  }

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description = "The daemon's control socket (ISTHMUS_SOCKET; default: DATA_DIR/isthmus.sock).")
  private @Nullable Path socket;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "The daemon's data directory (ISTHMUS_DATA_DIR; default: ./data).")
  private @Nullable Path dataDirectory;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table for people, json for scripts. Default: table.")
  private Output output = Output.table;

  /** Whether the command line says which daemon is meant. */
  boolean namesADaemon() {
    return socket != null || dataDirectory != null;
  }

  boolean json() {
    return output == Output.json;
  }

  ControlClient connect() {
    return new ControlClient(socket(System.getenv()));
  }

  Path socket(Map<String, String> environment) {
    Path path;
    if (socket != null) {
      path = socket;
    } else if (dataDirectory != null) {
      path = dataDirectory.resolve("isthmus.sock");
    } else if (said(environment, "ISTHMUS_SOCKET")) {
      path = Path.of(environment.getOrDefault("ISTHMUS_SOCKET", ""));
    } else if (said(environment, "ISTHMUS_DATA_DIR")) {
      path = Path.of(environment.getOrDefault("ISTHMUS_DATA_DIR", "")).resolve("isthmus.sock");
    } else {
      path = Path.of("data", "isthmus.sock");
    }
    return path.toAbsolutePath().normalize();
  }

  private static boolean said(Map<String, String> environment, String name) {
    return !environment.getOrDefault(name, "").isEmpty();
  }
}
