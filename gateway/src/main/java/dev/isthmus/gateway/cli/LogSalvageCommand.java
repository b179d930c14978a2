package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.VolumeHistory;
import dev.isthmus.gateway.logs.ChangeList;
import dev.isthmus.gateway.logs.ChangeListFile;
import dev.isthmus.gateway.logs.Examinations;
import dev.isthmus.gateway.logs.LocatedLog;
import dev.isthmus.gateway.logs.LogFinder;
import dev.isthmus.gateway.logs.LogSalvage;
import dev.isthmus.gateway.logs.SalvageJson;
import dev.isthmus.gateway.logs.SalvageSummary;
import dev.isthmus.gateway.logs.SalvagedImage;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gets data out of a log. */
@Command(
    name = "salvage",
    mixinStandardHelpOptions = true,
    description = {
      "Get out of a log what the bucket does not hold: the changes above an LSN, in their order. The"
          + " log is not changed, and nothing is overwritten.",
      "",
      "Say above which LSN: --volume asks the bucket how far it took this log (a later owner's"
          + " changes of the same LSNs are told apart), --above gives a number; 0 takes everything"
          + " that the log still has.",
      "",
      "With --base IMAGE the result is a whole disk: a copy of IMAGE with the changes applied. It is"
          + " the disk as the log's owner saw it last if IMAGE is the disk as it was at that LSN:"
          + " taken right after a take-over, before anybody wrote. Without --base the result is a"
          + " sparse file in which only changed blocks are filled, with a list of them beside it."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus log salvage 3f2a --volume db --list",
      "  isthmus log salvage 3f2a --volume db --to rescued.img --base taken-over.img",
      "  isthmus log salvage 3f2a --above 1200 --to blocks.img --changes blocks.json",
      "  isthmus log salvage 3f2a --above 0 --damaged --to blocks.img",
      "",
      "docs/recovery.md goes through a rescue from beginning to end.",
    })
final class LogSalvageCommand extends LogVerb {

  @Parameters(paramLabel = "LOG", description = "Its id, the beginning of it, or its directory.")
  private String name = "";

  @Option(names = "--above", paramLabel = "LSN", description = "Leave out changes up to this one.")
  private @Nullable Long above;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private Result result;

  /** What to make. */
  static final class Result {
    @Option(names = "--to", paramLabel = "FILE", description = "The image to make.")
    private @Nullable Path to;

    @Option(
        names = "--list",
        description = "Make no image: list the changes, as CSV or with -o json.")
    private boolean list;
  }

  @Option(
      names = "--base",
      paramLabel = "IMAGE",
      description = "A file or block device to copy first. Only read.")
  private @Nullable Path base;

  @Option(
      names = "--changes",
      paramLabel = "FILE",
      description =
          "List the changes in this file; JSON if it ends so, else CSV. Default without --base:"
              + " the image's name and .changes.csv.")
  private @Nullable Path changes;

  @Option(
      names = "--damaged",
      description =
          "Take everything whole out of a corrupt log, and say what is missing: not the disk as it"
              + " was at any one time.")
  private boolean damaged;

  @Override
  void run(LogOptions chosen) {
    if (result.to == null && (base != null || changes != null)) {
      throw new DeviceException.Invalid("--base and --changes go with --to FILE");
    }
    if (above != null && above < 0) {
      throw new DeviceException.Invalid("an LSN is 0 or more, not " + above);
    }
    if (above == null && !chosen.asksBucket()) {
      throw new DeviceException.Invalid(
          "say what to leave out: --volume NAME|URI asks the bucket how far it holds this log,"
              + " --above LSN gives a number (0: take everything)");
    }
    LogFinder finder = chosen.finder(err());
    LocatedLog log = finder.one(name);
    var _ =
        chosen.asking(
            finder,
            history ->
                Examinations.with(
                    log,
                    examination -> {
                      salvage(chosen, examination, history);
                      return true;
                    }));
  }

  private void salvage(
      LogOptions chosen, LogExamination examination, @Nullable VolumeHistory history) {
    long aboveLsn = aboveLsn(examination.report(), history);
    var salvage = new LogSalvage(examination, aboveLsn, damaged);
    try {
      Path to = result.to;
      if (result.list || to == null) {
        SalvageSummary summary = list(salvage, out(), chosen.json());
        if (!chosen.json()) {
          SalvageText.summary(summary, err());
        }
        return;
      }
      SalvageSummary summary = image(salvage, examination.report(), history, to);
      if (chosen.json()) {
        VolumeJson.document(out(), json -> SalvageJson.write(json, summary));
      } else {
        SalvageText.summary(summary, out());
        SalvageText.image(summary, to, base, changesFile(to), out());
      }
    } catch (IOException e) {
      throw new DeviceException.Unavailable("salvaging: " + e, e);
    } catch (UncheckedIOException e) {
      throw new DeviceException.Unavailable("salvaging: " + e.getCause(), e);
    }
  }

  private long aboveLsn(LogReport report, @Nullable VolumeHistory history) {
    if (history != null && !history.volume().equals(report.volume())) {
      throw new DeviceException.Invalid(
          "the log is of volume "
              + report.volume()
              + ", and --volume names "
              + history.name()
              + ", which is "
              + history.volume());
    }
    if (above != null) {
      return above;
    }
    return history == null ? 0 : history.takenFrom(LogLine.epochs(report));
  }

  private static SalvageSummary list(LogSalvage salvage, PrintWriter out, boolean json)
      throws IOException {
    try (var list = new ChangeList(out, json)) {
      SalvageSummary summary = salvage.run(list);
      list.finish(summary);
      if (out.checkError()) {
        throw new IOException("the list could not be written to the standard output");
      }
      return summary;
    }
  }

  private @Nullable Path changesFile(Path to) {
    if (changes != null || base != null) {
      return changes;
    }
    return to.resolveSibling(to.getFileName() + ".changes.csv");
  }

  private SalvageSummary image(
      LogSalvage salvage, LogReport report, @Nullable VolumeHistory history, Path to)
      throws IOException {
    Path listFile = changesFile(to);
    SalvagedImage.requireAbsent(to);
    if (listFile != null) {
      SalvagedImage.requireAbsent(listFile);
    }
    try (SalvagedImage image = SalvagedImage.create(to);
        ChangeListFile list = listFile == null ? null : ChangeListFile.create(listFile)) {
      if (base != null) {
        var progress = new SalvageText.Progress(err(), "copied from " + base);
        image.copyFrom(base, progress::at);
        progress.end();
      } else if (history != null) {
        image.setSize(history.sizeBytes());
      }
      var progress =
          new SalvageText.Progress(
              err(), "of at most " + new ByteSize(report.payloadBytes()) + " applied");
      LogSalvage.Sink blocks = progress.over(image);
      SalvageSummary summary =
          salvage.run((change, payload) -> {
            blocks.change(change, payload);
            if (list != null) {
              list.change(change, payload);
            }
          });
      if (list != null) {
        list.finish(summary);
      }
      progress.end();
      image.finish();
      if (list != null) {
        list.keep();
      }
      return summary;
    }
  }
}
