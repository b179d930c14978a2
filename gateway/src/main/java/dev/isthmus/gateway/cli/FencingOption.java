package dev.isthmus.gateway.cli;

import picocli.CommandLine.Option;

/** What keeps two gateways from writing to one volume. */
final class FencingOption {

  @Option(
      names = "--fencing",
      paramLabel = "conditional|none",
      description = {
        "What keeps two gateways from writing over each other. conditional, the default: the"
            + " provider, which is asked at each open whether it can. none: nothing but people, for"
            + " providers without conditional writes; it is stored with the volume, and said wherever"
            + " the volume is shown. `isthmus bucket check` tells which a provider needs;"
            + " docs/providers-check.md what is lost."
      })
  private String fencing = "";

  /** What was said; empty for nothing. */
  String word() {
    return fencing;
  }
}
