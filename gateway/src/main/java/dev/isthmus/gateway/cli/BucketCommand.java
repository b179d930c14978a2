package dev.isthmus.gateway.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The verbs on buckets. */
@Command(
    name = "bucket",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "VERB",
    description = {
      "Look at a bucket, its provider and its settings, before a volume depends on them. No gateway"
          + " need run, and no volume is touched."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus bucket check s3://my-bucket/disks?region=eu-central-1",
      "  isthmus bucket check s3://my-bucket/disks --policy",
    },
    subcommands = {BucketCheckCommand.class})
final class BucketCommand implements Callable<Integer> {

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say a verb: check");
  }
}
