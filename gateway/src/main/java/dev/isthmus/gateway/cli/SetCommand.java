package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.SetVolumeRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Changes what a volume promises. */
@Command(
    name = "set",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Change what an open volume in a bucket promises, while hosts use it. It ends when the new"
          + " promise holds also of what completed before, so it may wait for the bucket.",
      "",
      "If it fails or is cut off, the strictest of the old and the new is in force: asking again"
          + " finishes it, asking for the old takes it back.",
      "",
      "Hosts ask once, when they connect, whether a disk has a volatile write cache. Where it would"
          + " get one (from --ack local --flush local to anything else) hosts must not be"
          + " connected: unpublish the volume first. A host that is only cut off connects again:"
          + " disconnect it there."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume set db --rpo 30s            an alarm when the bucket lags by more",
      "  isthmus volume set db --rpo 30s,enforce    writers wait rather than lag by more",
      "  isthmus volume set db --ack local --rpo none",
    })
final class SetCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Option(
      names = "--ack",
      paramLabel = "applied|local",
      description = "What a completed write survives; see `isthmus volume create --help`.")
  private String ack = "";

  @Option(
      names = "--flush",
      paramLabel = "local|uploaded",
      description = "What a flushed write survives.")
  private String flush = "";

  @Option(
      names = "--rpo",
      paramLabel = "none|DURATION[,enforce]",
      description = "How far the bucket may lag behind.")
  private String rpo = "";

  @Override
  void run(ControlClient client) {
    var request =
        SetVolumeRequest.newBuilder().setName(name).setAck(ack).setFlush(flush).setRpo(rpo).build();
    show(client.volumes(volumes -> volumes.setVolume(request)));
  }
}
