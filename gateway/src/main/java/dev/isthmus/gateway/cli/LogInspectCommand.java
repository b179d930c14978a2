package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.logs.Examinations;
import dev.isthmus.gateway.logs.LocatedLog;
import dev.isthmus.gateway.logs.LogFinder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Describes one log. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description = {
      "Tell what is in a log: whose it is, its generations (one for each open), what they hold, how"
          + " far it was durable, and where and why it is damaged, if it is.",
    },
    footer = {
      "",
      "Examples:",
      "  isthmus log inspect 3f2a                       the beginning of its id will do",
      "  isthmus log inspect 3f2a91c4-….aside-1         one that was set aside",
      "  isthmus log inspect 3f2a --volume db           and how far the bucket has it",
      "  isthmus log inspect 3f2a --records | tail",
    })
final class LogInspectCommand extends LogVerb {

  @Parameters(paramLabel = "LOG", description = "Its id, the beginning of it, or its directory.")
  private String name = "";

  @Option(
      names = "--records",
      description = "List every whole record too; those with - before the LSN do not count.")
  private boolean records;

  @Override
  void run(LogOptions chosen) {
    LogFinder finder = chosen.finder(err());
    LocatedLog log = finder.one(name);
    var _ =
        chosen.asking(
            finder,
            history ->
                Examinations.with(
                    log,
                    examination -> {
                      LogLine line = LogLine.of(log, examination.report(), history);
                      if (chosen.json()) {
                        LogJson.inspect(line, records ? examination : null, out());
                      } else {
                        LogText.inspect(line, out());
                        if (records) {
                          LogText.records(examination, out());
                        }
                      }
                      return true;
                    }));
  }
}
