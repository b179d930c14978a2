package dev.isthmus.gateway.cli;

import java.util.List;

/** What to type on a Linux host. */
final class NvmeCommands {

  private NvmeCommands() {}

  /**
   * The commands of nvme-cli. {@code --ctrl-loss-tmo=-1}: the host goes on trying for ever, so that
   * a restart of the gateway is a pause, and not an I/O error after ten minutes.
   */
  static List<String> of(String nqn, String address, int port) {
    String where = "-t tcp -a " + address + " -s " + port;
    return List.of(
        "nvme discover " + where, "nvme connect " + where + " -n " + nqn + " --ctrl-loss-tmo=-1");
  }
}
