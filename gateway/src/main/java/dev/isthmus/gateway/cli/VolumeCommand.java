package dev.isthmus.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The verbs on volumes. */
@Command(
    name = "volume",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "VERB",
    description = {
      "Create, look at, publish and delete the volumes of a running gateway.",
      "",
      "export, import, verify, and scrub of a URI need no gateway: they work on the bucket itself."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume create db --size 10GiB && isthmus volume publish db",
      "  isthmus volume list -o json",
    },
    subcommands = {
      CreateCommand.class,
      ListCommand.class,
      ShowCommand.class,
      SetCommand.class,
      BillCommand.class,
      PublishCommand.class,
      UnpublishCommand.class,
      OpenCommand.class,
      RecoverCommand.class,
      CloseCommand.class,
      ScrubCommand.class,
      DeleteCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      VerifyCommand.class
    })
final class VolumeCommand implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(
        spec.commandLine(),
        "say a verb: create, list, show, set, bill, publish, unpublish, open, recover, close,"
            + " scrub, delete, export, import or verify");
  }
}
