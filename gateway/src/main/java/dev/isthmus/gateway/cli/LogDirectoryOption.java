package dev.isthmus.gateway.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where a volume keeps its log. Threading: confined to the command line's thread. */
final class LogDirectoryOption {

  @Option(
      names = "--log-dir",
      paramLabel = "DIR",
      description = {
        "Directory for the volume's log, made if need be, and remembered; best on a disk of its own.",
        "Default: where it was, at first DATA_DIR/volumes."
      })
  private String directory = "";

  /** As the daemon takes it, whose working directory is another; empty if none was said. */
  String absolute() {
    return directory.isEmpty() ? "" : Path.of(directory).toAbsolutePath().normalize().toString();
  }
}
