package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Shows all about a volume. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Show all about a volume: where it lies, how safe it is, how hosts connect.",
    footer = {
      "",
      "Examples:",
      "  isthmus volume show db",
      "  isthmus volume show db -o json | jq .bucket.upload_lag_bytes",
    })
final class ShowCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Override
  void run(ControlClient client) {
    var request = VolumeName.newBuilder().setName(name).build();
    show(client.volumes(volumes -> volumes.getVolume(request)));
  }
}
