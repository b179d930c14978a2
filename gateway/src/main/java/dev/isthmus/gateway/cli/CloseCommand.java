package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lets go of a volume. */
@Command(
    name = "close",
    mixinStandardHelpOptions = true,
    description = {
      "Close a volume and forget it; its data stays where it is, all of it in the bucket, so that"
          + " another gateway can open it."
    },
    footer = {"", "Example:", "  isthmus volume unpublish db && isthmus volume close db"})
final class CloseCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Override
  void run(ControlClient client) {
    var request = VolumeName.newBuilder().setName(name).build();
    var _ = client.volumes(volumes -> volumes.closeVolume(request));
    if (!json()) {
      out().println("volume " + name + " is closed; its data stays");
    }
  }
}
