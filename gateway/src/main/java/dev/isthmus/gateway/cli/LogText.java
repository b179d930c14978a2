package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.logs.LocatedLog;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogGap;
import dev.isthmus.wal.LogGeneration;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.LogReport;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Logs for people. */
final class LogText {

  private LogText() {}

  static void list(List<LogLine> lines, PrintWriter out) {
    if (lines.isEmpty()) {
      out.println("No logs. --data-dir names another gateway's data directory.");
      return;
    }
    var table =
        new Table(
            "VOLUME", "LOG", "STATE", "EPOCHS", "LSN", "DATA", "OPENS", "NEWEST CHANGE", "NOTE");
    for (LogLine line : lines) {
      LogReport report = line.report();
      if (report == null) {
        table.row(
            line.log().volume(),
            line.log().label(),
            line.state(),
            "-",
            "-",
            "-",
            "-",
            "-",
            note(line));
      } else {
        table.row(
            line.log().volume(),
            line.log().label(),
            line.state(),
            epochs(report),
            lsns(report.firstLsn(), report.lastLsn()),
            VolumeText.approximate(report.payloadBytes()),
            Integer.toString(report.generations().size()),
            time(report.lastTimeNanos()),
            note(line));
      }
    }
    table.print(out);
    for (LogLine line : lines) {
      LogReport report = line.report();
      if (report == null) {
        out.println(line.log().label() + ": " + line.failure());
      } else if (report.damage() != null) {
        out.println(line.log().label() + ": " + report.damage().getMessage());
      }
    }
  }

  private static String epochs(LogReport report) {
    List<LogEpoch> epochs = LogLine.epochs(report);
    return epochs.isEmpty() ? "-" : range(epochs.getFirst().epoch(), epochs.getLast().epoch());
  }

  private static String lsns(long first, long last) {
    return first == 0 ? "none" + (last == 0 ? "" : " above " + last) : range(first, last);
  }

  private static String range(long first, long last) {
    return first == last ? Long.toString(first) : first + "-" + last;
  }

  /** To the millisecond; the clock is the writer's. */
  static String time(long nanos) {
    return nanos == 0
        ? "-"
        : Instant.ofEpochSecond(0, nanos).truncatedTo(ChronoUnit.MILLIS).toString();
  }

  private static String note(LogLine line) {
    var notes = new ArrayList<String>();
    LocatedLog log = line.log();
    if (log.isHostsNewest()) {
      notes.add("newest");
    }
    if (log.aside()) {
      notes.add("aside");
    }
    if (Boolean.TRUE.equals(line.named())) {
      notes.add("manifest");
    }
    if (line.takenLsn() != null) {
      notes.add("bucket has it up to " + line.takenLsn());
    }
    return String.join(", ", notes);
  }

  static void inspect(LogLine line, PrintWriter out) {
    LogReport report = java.util.Objects.requireNonNull(line.report());
    line(out, "log", report.logId() + (line.log().aside() ? ", set aside" : ""));
    line(out, "volume", report.volume() + name(line.log()));
    line(out, "directory", report.directory().toString());
    line(out, "state", state(report));
    line(
        out,
        "holds",
        report.dataRecords()
            + " changes, LSN "
            + lsns(report.firstLsn(), report.lastLsn())
            + ", "
            + VolumeText.approximate(report.payloadBytes())
            + " of data");
    line(out, "times", time(report.firstTimeNanos()) + " to " + time(report.lastTimeNanos()));
    line(out, "durable", "up to LSN " + report.durableLsn() + ", as its records say");
    line(out, "records", counts(report));
    line(out, "on disk", report.files() + " files, " + VolumeText.approximate(report.diskBytes()));
    if (report.forceFailed()) {
      line(out, "note", "a process noted that a sync of this log failed");
    }
    if (line.log().isHostsNewest() && line.log().lastTerm() != null) {
      line(
          out,
          "note",
          "the newest term of this host, epoch "
              + line.log().lastTerm().epoch()
              + (line.log().lastTerm().closed()
                  ? ": closed, and all of it in the bucket"
                  : ": not closed with everything in the bucket, as far as this host knows"));
    }
    if (line.named() != null) {
      line(
          out,
          "bucket",
          "has it up to LSN "
              + line.takenLsn()
              + (line.named()
                  ? "; the manifest names this log"
                  : "; the manifest names another log"));
    }
    out.println();
    generations(report, out);
    gaps(report.gaps(), out);
  }

  private static String name(LocatedLog log) {
    return log.volumeName() == null ? "" : " (" + log.volumeName() + ")";
  }

  private static String state(LogReport report) {
    if (report.damage() != null) {
      return report.verdict() + ": " + report.damage().getMessage();
    }
    if (report.cut() != null) {
      return "%s behind LSN %d: %s (file %s, offset %d); %d whole records behind it do not count"
          .formatted(
              report.verdict(),
              report.cut().lastLsn(),
              report.cut().reason(),
              report.cut().file(),
              report.cut().offsetBytes(),
              report.cut().voidRecords());
    }
    return report.verdict().name();
  }

  private static String counts(LogReport report) {
    Map<String, Long> byName = new TreeMap<>();
    report.records().forEach((type, count) -> byName.put(word(type.name()), count));
    var words = new ArrayList<String>();
    byName.forEach((name, count) -> words.add(count + " " + name));
    if (report.voidRecords() > 0) {
      words.add(report.voidRecords() + " void");
    }
    return words.isEmpty() ? "none" : String.join(", ", words);
  }

  static String word(String enumName) {
    return enumName.toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static void generations(LogReport report, PrintWriter out) {
    if (report.generations().isEmpty()) {
      return;
    }
    var table =
        new Table(
            "GENERATION",
            "EPOCH",
            "WRITER",
            "BOOT ID",
            "BEGAN",
            "WHY",
            "LSN",
            "CHANGES",
            "DATA",
            "END");
    for (LogGeneration generation : report.generations()) {
      LogEpoch epoch = generation.epoch();
      table.row(
          Integer.toString(generation.number()),
          epoch == null ? "?" : Long.toString(epoch.epoch()),
          epoch == null ? "?" : epoch.writer().toString(),
          generation.bootId().toString(),
          time(generation.beganNanos()),
          word(generation.began().name()),
          lsns(
              generation.firstLsn(),
              generation.firstLsn() == 0 ? generation.baseLsn() : generation.lastLsn()),
          Long.toString(generation.records()),
          VolumeText.approximate(generation.payloadBytes()),
          generation.closedInOrder() ? "closed" : "open");
    }
    table.print(out);
  }

  static void gaps(List<LogGap> gaps, PrintWriter out) {
    for (LogGap gap : gaps) {
      out.println(
          "missing: LSN "
              + range(gap.firstLsn(), gap.lastLsn())
              + (gap.inBucket()
                  ? ", which were never in this log: the bucket had run ahead of it"
                  : ", damaged, or no longer there"));
    }
  }

  static void records(LogExamination examination, PrintWriter out) {
    out.println();
    out.println("  LSN  TYPE  SECTOR  SECTORS  TIME  EPOCH  GENERATION  FILE  OFFSET");
    examination.visit((entry, payload) -> {
      LogRecord record = entry.record();
      out.println(
          String.join(
              "  ",
              entry.counts() ? " " : "-",
              Long.toString(record.lsn()),
              word(record.type().name()).replace(' ', '-'),
              Long.toString(record.sector()),
              Long.toString(record.sectorCount()),
              time(record.timeNanos()),
              Long.toString(record.epoch()),
              Integer.toString(record.generation()),
              String.valueOf(entry.file().getFileName()),
              Long.toString(entry.offsetBytes())));
    });
  }

  private static void line(PrintWriter out, String label, String value) {
    out.println("%-14s %s".formatted(label, value).stripTrailing());
  }
}
