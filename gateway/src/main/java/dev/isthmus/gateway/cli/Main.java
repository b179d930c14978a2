package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.Version;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program. */
@Command(
    name = "isthmus",
    mixinStandardHelpOptions = true,
    versionProvider = Main.VersionText.class,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Block devices in object stores, served over NVMe/TCP.",
      "",
      "`isthmus serve` runs the gateway, and the other commands talk to a running one. These need"
          + " none, and do their work themselves: `volume export`, `import` and `verify`, `volume"
          + " scrub` of a URI, and all of `log` and `bucket`."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus serve                               a 1 GiB disk, at once, from ./data",
      "  isthmus volume create db --size 10GiB       another one beside it",
      "  isthmus volume publish db                   hosts can connect to it now",
      "  isthmus volume list                         what there is",
      "",
      "Exit codes: 0 done, 1 a defect, 2 wrong command line, setting or request, 3 out of reach",
      "(no daemon, port in use, bucket), 4 a limit is reached, 5 another owner has the volume,",
      "6 stored data failed its checks, 7 stopped without closing all volumes in time, 8 an export",
      "is incomplete, 9 a scrub was cancelled.",
    },
    subcommands = {
      ServeCommand.class,
      VolumeCommand.class,
      BucketCommand.class,
      LogCommand.class,
      StatusCommand.class
    })
public final class Main implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  /** Only a {@code main}. */
  Main() {}

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args, writer(System.out), writer(System.err)));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, true, stream.charset());
  }

  /** Runs the command line; gives the exit code. */
  static int run(String[] args, PrintWriter out, PrintWriter err) {
    var commands = new CommandLine(new Main());
    commands.setOut(out).setErr(err);
    commands.setUsageHelpWidth(100).setUsageHelpLongOptionsMaxWidth(32);
    commands.setExecutionExceptionHandler((failure, command, parsed) -> {
      if (failure instanceof DeviceException known) {
        command.getErr().println("isthmus: " + known.getMessage());
        return ExitCode.of(known);
      }
      command.getErr().println("isthmus: a defect of this program:");
      failure.printStackTrace(command.getErr());
      return ExitCode.INTERNAL;
    });
    commands.setParameterExceptionHandler((wrong, arguments) -> {
      CommandLine command = wrong.getCommandLine();
      command.getErr().println("isthmus: " + wrong.getMessage());
      CommandLine.UnmatchedArgumentException.printSuggestions(wrong, command.getErr());
      command
          .getErr()
          .println("`" + command.getCommandSpec().qualifiedName() + " --help` says more.");
      return ExitCode.INVALID;
    });
    return commands.execute(args);
  }

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(), "say a command: serve, volume, bucket, log or status");
  }

  /** Tells the version. */
  static final class VersionText implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"isthmus " + Version.text()};
    }
  }
}
