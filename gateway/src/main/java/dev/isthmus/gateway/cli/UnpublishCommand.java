package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Unpublishes a volume. */
@Command(
    name = "unpublish",
    mixinStandardHelpOptions = true,
    description = {
      "Take a volume away from all hosts. Disconnect them first (`nvme disconnect -n NQN`): a host"
          + " in the middle of something sees its disk fail."
    },
    footer = {"", "Example:", "  isthmus volume unpublish db"})
final class UnpublishCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Override
  void run(ControlClient client) {
    var request = VolumeName.newBuilder().setName(name).build();
    Volume volume = client.volumes(volumes -> volumes.unpublishVolume(request));
    if (json()) {
      VolumeJson.print(volume, out());
    } else {
      out().println("volume " + name + " is not published any more");
    }
  }
}
