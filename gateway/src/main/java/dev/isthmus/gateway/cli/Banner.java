package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.gateway.Gateway;
import dev.isthmus.gateway.Version;
import dev.isthmus.gateway.config.GatewaySettings;
import dev.isthmus.gateway.config.HostPort;
import dev.isthmus.gateway.daemon.CatalogueEntry;
import dev.isthmus.gateway.daemon.DurabilityWords;
import dev.isthmus.gateway.daemon.Exports;
import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.targets.nvme.HostAccess;
import java.io.PrintWriter;
import java.util.List;

/** What a starting gateway says on standard output. */
final class Banner {

  private Banner() {}

  static void print(Gateway gateway, GatewaySettings settings, PrintWriter out) {
    out.println("Isthmus " + Version.text() + " serves from " + settings.dataDirectory());
    List<VolumeView> volumes = gateway.volumes();
    for (VolumeView volume : volumes) {
      out.println();
      volume(volume, gateway.exportAddress(), out);
    }
    if (volumes.isEmpty()) {
      out.println();
      out.println("There are no volumes yet: `isthmus volume create NAME --size 10GiB` makes one.");
    }
    out.println();
    out.println("Hosts that may connect: " + hosts(settings.hosts()));
    out.println("Control socket:         " + settings.socket());
    HostPort metrics = gateway.metricsAddress();
    out.println(
        "Metrics and health:     " + (metrics == null ? "off" : "http://" + metrics + "/metrics"));
    out.println("Ctrl-C or SIGTERM stops it cleanly.");
    out.flush();
  }

  private static String hosts(HostAccess hosts) {
    return switch (hosts) {
      case HostAccess.Any any -> "any that reaches the address";
      case HostAccess.Only only -> String.join(", ", only.hostNqns());
    };
  }

  private static void volume(VolumeView volume, Exports.ExportAddress address, PrintWriter out) {
    VolumeView.Open open = volume.open();
    if (open == null) {
      out.println("  " + volume.name() + "  NOT OPEN  " + volume.uri());
      out.println("    " + volume.failure());
      return;
    }
    out.println(
        "  %s  %s  %s"
            .formatted(volume.name(), new ByteSize(open.info().sizeBytes()), volume.uri()));
    DurabilityWords.of(volume).forEach(line -> out.println("    " + line));
    CatalogueEntry.Publication publication = volume.publication();
    if (publication == null) {
      out.println("    Not published: `isthmus volume publish " + volume.name() + "`");
      return;
    }
    out.println();
    NvmeCommands.of(publication.nqn(), address.address(), address.port())
        .forEach(line -> out.println("    " + line));
  }
}
