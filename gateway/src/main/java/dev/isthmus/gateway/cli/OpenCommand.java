package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.OpenVolumeRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Opens an existing volume. */
@Command(
    name = "open",
    mixinStandardHelpOptions = true,
    description = {
      "Open a volume that exists: one in a bucket that this gateway does not have yet, or one of"
          + " its own that failed to open at its start.",
      "",
      "A volume that another gateway has open is taken from it: that one is fenced and serves reads"
          + " alone."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume open s3://my-bucket/disks/db",
      "  isthmus volume open db --takeover=lossy",
      "  isthmus volume open db --log-dir /mnt/nvme1/logs",
    })
final class OpenCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME|URI", description = "A name, or a storage URI.")
  private String nameOrUri = "";

  @Option(names = "--name", paramLabel = "NAME", description = "Default: the URI's last part.")
  private String name = "";

  @Option(
      names = "--takeover",
      paramLabel = "WORD",
      description = {
        "What may be lost that the last owner's log alone has: lossy, flushed writes too;",
        "unflushed, of a volume with --flush=uploaded, writes that were never flushed."
      })
  private String takeover = "";

  @Mixin private final LogDirectoryOption logDirectory = new LogDirectoryOption();

  @Override
  void run(ControlClient client) {
    var request =
        OpenVolumeRequest.newBuilder()
            .setNameOrUri(nameOrUri)
            .setName(name)
            .setTakeover(takeover)
            .setLogDirectory(logDirectory.absolute())
            .build();
    show(client.volumes(volumes -> volumes.openVolume(request)));
  }
}
