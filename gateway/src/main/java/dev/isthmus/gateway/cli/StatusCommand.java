package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.Durations;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.DaemonStatus;
import dev.isthmus.gateway.rpc.v1.GetStatusRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

/** Tells about the running daemon. */
@Command(
    name = "status",
    mixinStandardHelpOptions = true,
    description = "Tell about the running gateway: process, addresses, number of volumes.",
    footer = {"", "Examples:", "  isthmus status", "  isthmus status -o json | jq .pid"})
final class StatusCommand extends VolumeVerb {

  @Override
  void run(ControlClient client) {
    DaemonStatus status =
        client.daemon(daemon -> daemon.getStatus(GetStatusRequest.getDefaultInstance()));
    PrintWriter out = out();
    if (json()) {
      VolumeJson.print(status, out);
      return;
    }
    out.println(
        "isthmus %s, process %d, running for %s"
            .formatted(
                status.getVersion(), status.getPid(), Durations.format(status.getUptimeNanos())));
    out.println("data directory  " + status.getDataDirectory());
    out.println("NVMe/TCP        " + status.getListen() + ", told as " + status.getAdvertise());
    out.println("metrics         " + (status.getMetrics().isEmpty() ? "off" : status.getMetrics()));
    out.println(
        "volumes         %d, %d published, %d not open"
            .formatted(
                status.getVolumes(), status.getVolumesPublished(), status.getVolumesFailed()));
  }
}
