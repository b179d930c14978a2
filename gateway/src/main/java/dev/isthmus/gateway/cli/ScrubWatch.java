package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.v1.Scrub;
import java.io.PrintWriter;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Shows how a scrub goes on to whoever waits for its end. On a terminal that is one line in place.
 * Elsewhere (a log, a mail) it is a line where the scrub stops to read or goes on, and none while
 * nothing changes. Threading: confined to the caller.
 */
final class ScrubWatch {

  /** Between two lines where there is no terminal: a bucket that comes and goes fills no log. */
  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final String RUNNING = "RUNNING";

  private final PrintWriter out;
  private final boolean terminal;
  private final LongSupplier nanoTime;
  private final ProgressLine line;
  private boolean shown;
  private String toldState = RUNNING;
  private long toldNanos;

  ScrubWatch(PrintWriter out) {
    this(out, ProgressLine.isTerminal(), System::nanoTime);
  }

  /** For tests, with a time of their own. */
  ScrubWatch(PrintWriter out, boolean terminal, LongSupplier nanoTime) {
    this.out = out;
    this.terminal = terminal;
    this.nanoTime = nanoTime;
    this.line = new ProgressLine("scrubbed", out);
    this.toldNanos = nanoTime.getAsLong() - EVERY_NANOS;
  }

  /** Hears how far it is, about once a second. */
  void at(Scrub scrub) {
    if (terminal) {
      line.show(ScrubText.progress(scrub));
      shown = true;
    } else if (!scrub.getState().equals(toldState)
        && nanoTime.getAsLong() - toldNanos >= EVERY_NANOS) {
      toldState = scrub.getState();
      toldNanos = nanoTime.getAsLong();
      out.println("isthmus: scrub " + ScrubText.progress(scrub));
    }
  }

  /** It has ended; how, is said elsewhere. */
  void end() {
    if (shown) {
      line.end();
    }
  }
}
