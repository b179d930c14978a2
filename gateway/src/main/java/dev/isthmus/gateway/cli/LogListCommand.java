package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.logs.LocatedLog;
import dev.isthmus.gateway.logs.LogFinder;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists logs. */
@Command(
    name = "list",
    aliases = "ls",
    mixinStandardHelpOptions = true,
    description = {
      "List the logs on this host: those that count, and those that were set aside.",
      "",
      "STATE is what recovery makes of a log: CLEAN, closed in order; UNCLEAN, not closed, and"
          + " whole; CUT, its end was lost in a power cut; CORRUPT, something durable is damaged;"
          + " EMPTY, never begun; IN USE, a gateway has it open, and it is not read.",
      "NOTE says newest for the log of the newest term that this host had; aside for one that was"
          + " set aside and does not count; and with --volume, manifest for the one that the"
          + " volume's manifest names, and how far the bucket holds what it holds.",
      "",
      "Every log is read from end to end: large ones take a while."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus log list",
      "  isthmus log list db --volume db",
      "  isthmus log list /mnt/old-host/isthmus -o json",
    })
final class LogListCommand extends LogVerb {

  @Parameters(
      arity = "0..1",
      paramLabel = "VOLUME|DIR",
      description =
          "Only this volume's (name or UUID); or those below a directory. Default: all of the data"
              + " directory.")
  private String where = "";

  @Override
  void run(LogOptions chosen) {
    LogFinder finder = chosen.finder(err());
    List<LocatedLog> logs = where.isEmpty() ? finder.all() : finder.of(where);
    List<LogLine> lines =
        chosen.asking(
            finder, history -> logs.stream().map(log -> LogLine.of(log, history)).toList());
    if (chosen.json()) {
      LogJson.list(lines, out());
    } else {
      LogText.list(lines, out());
    }
  }
}
