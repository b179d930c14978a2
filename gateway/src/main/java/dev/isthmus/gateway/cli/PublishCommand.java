package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.PublishVolumeRequest;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Publishes a volume. */
@Command(
    name = "publish",
    mixinStandardHelpOptions = true,
    description = {
      "Let hosts connect to a volume over NVMe/TCP, from now on and after every restart.",
      "",
      "Prints the commands to type on a Linux host."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume publish db",
      "  isthmus volume publish db --host-nqn \"$(cat /etc/nvme/hostnqn)\"",
      "  isthmus volume publish db --nqn nqn.2026-01.org.example:db-1",
    })
final class PublishCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Option(
      names = "--nqn",
      paramLabel = "NQN",
      description = "The name that hosts connect to. Default: nqn.2026-01.dev.isthmus:NAME.")
  private String nqn = "";

  @Option(
      names = "--host-nqn",
      paramLabel = "NQN",
      description =
          "A host that may connect to this volume, instead of those that the gateway allows;"
              + " may stand several times.")
  private List<String> hosts = new ArrayList<>();

  @Override
  void run(ControlClient client) {
    var request =
        PublishVolumeRequest.newBuilder()
            .setName(name)
            .setNqn(nqn)
            .addAllAllowedHostNqns(hosts)
            .build();
    show(client.volumes(volumes -> volumes.publishVolume(request)));
  }
}
