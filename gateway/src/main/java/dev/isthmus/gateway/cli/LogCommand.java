package dev.isthmus.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The verbs on logs. */
@Command(
    name = "log",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "VERB",
    description = {
      "Look at the write-ahead logs on this host, and get data out of them: also out of logs that"
          + " were set aside or are damaged. Nothing here changes a log.",
      "",
      "No gateway need run. A log that one has open is left alone."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus log list",
      "  isthmus log inspect 3f2a",
      "  isthmus log salvage 3f2a --volume db --to rescued.img",
      "",
      "docs/recovery.md goes through a rescue from beginning to end.",
    },
    subcommands = {LogListCommand.class, LogInspectCommand.class, LogSalvageCommand.class})
final class LogCommand implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say a verb: list, inspect or salvage");
  }
}
