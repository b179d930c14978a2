package dev.isthmus.gateway.cli;

import dev.isthmus.blocktranslation.image.Progress;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** One line of a terminal that says how far something is. Threading: confined to the caller. */
final class ProgressLine implements Progress {

  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** Wide enough to wipe out what stood there before. */
  private static final int WIDTH = 76;

  private final String verb;
  private final PrintWriter out;
  private final LongSupplier nanoTime;
  private long startBytes = -1;
  private long startNanos;
  private long shownNanos;

  ProgressLine(String verb, PrintWriter out) {
    this(verb, out, System::nanoTime);
  }

  /** Whether progress, on standard error, goes to a terminal: the launcher looks. */
  static boolean isTerminal() {
    return Boolean.getBoolean(ServeCommand.TERMINAL_PROPERTY);
  }

  /** For tests, with a time of their own. */
  ProgressLine(String verb, PrintWriter out, LongSupplier nanoTime) {
    this.verb = verb;
    this.out = out;
    this.nanoTime = nanoTime;
  }

  @Override
  public void at(long doneBytes, long totalBytes) {
    long now = nanoTime.getAsLong();
    if (startBytes < 0) {
      // What was done in an earlier try took none of this one's time.
      startBytes = doneBytes;
      startNanos = now;
      shownNanos = now - EVERY_NANOS;
    }
    boolean end = doneBytes == totalBytes;
    if (!end && now - shownNanos < EVERY_NANOS) {
      return;
    }
    shownNanos = now;
    out.print("\r" + padded(text(doneBytes, totalBytes, now)) + (end ? "\n" : ""));
    out.flush();
  }

  /** Shows other words in place of what stands there; they are cut to one line. */
  void show(String words) {
    out.print("\r" + padded(words.length() > WIDTH ? words.substring(0, WIDTH - 1) + "…" : words));
    out.flush();
  }

  /** What was shown stays, and what comes next begins a line. */
  void end() {
    out.println();
  }

  private String text(long doneBytes, long totalBytes, long now) {
    double seconds = (now - startNanos) / 1e9;
    double rate = seconds > 0 ? (doneBytes - startBytes) / seconds : 0;
    String line =
        String.format(
            Locale.ROOT,
            "%s: %s of %s, %d %%",
            verb,
            VolumeText.approximate(doneBytes),
            VolumeText.approximate(totalBytes),
            totalBytes == 0 ? 100 : doneBytes * 100 / totalBytes);
    if (rate < 1) {
      return line;
    }
    long left = (long) ((totalBytes - doneBytes) / rate);
    return line
        + String.format(
            Locale.ROOT,
            ", %.0f MiB/s, %d:%02d:%02d left",
            rate / (1 << 20),
            left / 3600,
            left / 60 % 60,
            left % 60);
  }

  private static String padded(String text) {
    return text + " ".repeat(Math.max(0, WIDTH - text.length()));
  }
}
