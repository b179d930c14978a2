package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.logs.LogSalvage;
import dev.isthmus.gateway.logs.SalvageSummary;
import java.io.Console;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Salvage for people. */
final class SalvageText {

  private SalvageText() {}

  static void summary(SalvageSummary summary, PrintWriter out) {
    if (summary.changes() == 0) {
      out.println("The log holds no change above LSN " + summary.aboveLsn() + ".");
    } else {
      out.println(
          "%d changes above LSN %d: LSN %d to %d, %s of data, %s zeroed"
              .formatted(
                  summary.changes(),
                  summary.aboveLsn(),
                  summary.firstLsn(),
                  summary.lastLsn(),
                  VolumeText.approximate(summary.dataBytes()),
                  VolumeText.approximate(summary.zeroedBytes())));
      out.println(
          "written "
              + LogText.time(summary.firstTimeNanos())
              + " to "
              + LogText.time(summary.lastTimeNanos())
              + ", by the writer's clock");
    }
    LogText.gaps(summary.gaps(), out);
  }

  static void image(
      SalvageSummary summary,
      Path image,
      @Nullable Path base,
      @Nullable Path changes,
      PrintWriter out) {
    if (base == null) {
      out.println(image + ": only the blocks of these changes; the rest of it is holes");
    } else if (summary.gaps().isEmpty()) {
      out.println(
          "%s: %s with these changes. It is the disk as it was at LSN %d if that was the disk at LSN %d"
              .formatted(
                  image,
                  base,
                  Math.max(summary.lastLsn(), summary.aboveLsn()),
                  summary.aboveLsn()));
    } else {
      out.println(
          "%s: %s with these changes. Changes are missing: it is not the disk as it was at any one"
                  .formatted(image, base)
              + " time");
    }
    if (changes != null) {
      out.println(changes + ": the changes, in their order; where two overlap, the later is right");
    }
  }

  /** Tells on a terminal how far a long copy is. Threading: confined to one thread. */
  static final class Progress {

    private static final long STEP_BYTES = 16L << 20;

    private final PrintWriter err;
    private final String what;
    private final boolean live = isTerminal();
    private long bytes;
    private long told;

    Progress(PrintWriter err, String what) {
      this.err = err;
      this.what = what;
    }

    // What it is where there is no terminal changed between JDK 21, 22 and 25: null, or one that is
    // none.
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
      Console console = System.console();
      return console != null && console.isTerminal();
    }

    void at(long newBytes) {
      bytes = newBytes;
      if (live && bytes - told >= STEP_BYTES) {
        told = bytes;
        err.print("\r" + VolumeText.approximate(bytes) + " " + what);
        err.flush();
      }
    }

    LogSalvage.Sink over(LogSalvage.Sink sink) {
      return (change, payload) -> {
        sink.change(change, payload);
        at(bytes + change.lengthBytes());
      };
    }

    void end() {
      if (told > 0) {
        err.println("\r" + VolumeText.approximate(bytes) + " " + what);
      }
    }
  }
}
