package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.RecoverVolumeRequest;
import dev.isthmus.gateway.rpc.v1.RecoverVolumeResponse;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Goes on over a new log. */
@Command(
    name = "recover",
    mixinStandardHelpOptions = true,
    description = {
      "Go on with a volume whose log failed, over a new log, without a restart.",
      "",
      "What the old log holds goes to the bucket first; then the volume is closed and opened again."
          + " Its hosts stay connected and wait meanwhile, and find the same disk. If the bucket"
          + " can't be reached nothing changes, and the command may be repeated.",
      "",
      "If a record can't be read from the old log any more, the disk goes back to what is before it,"
          + " and only with --takeover: its hosts then lose it and find another disk.",
      "",
      "With --log-dir it also moves a log that works to another disk."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume show db                           # STALLED: the log failed ...",
      "  isthmus volume recover db --log-dir /mnt/nvme1/logs",
    })
final class RecoverCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Mixin private final LogDirectoryOption logDirectory = new LogDirectoryOption();

  @Option(
      names = "--takeover",
      paramLabel = "WORD",
      description = "What may be lost if the old log can't be read; as of `volume open`.")
  private String takeover = "";

  @Override
  void run(ControlClient client) {
    var request =
        RecoverVolumeRequest.newBuilder()
            .setName(name)
            .setLogDirectory(logDirectory.absolute())
            .setTakeover(takeover)
            .build();
    RecoverVolumeResponse answer = client.volumes(volumes -> volumes.recoverVolume(request));
    answer.getWarningsList().forEach(warning -> err().println("warning: " + warning));
    show(answer.getVolume());
  }
}
