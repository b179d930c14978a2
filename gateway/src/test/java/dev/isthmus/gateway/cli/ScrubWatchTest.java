package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.gateway.rpc.v1.Scrub;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What whoever waits for a scrub sees, second by second. */
class ScrubWatchTest {

  private final StringWriter text = new StringWriter();
  private long nowNanos = 77;

  private static Scrub scrub(String state, String note) {
    return Scrub.newBuilder()
        .setState(state)
        .setNote(note)
        .setPercent(12)
        .setBytesTotal(10 << 20)
        .build();
  }

  private void seconds(ScrubWatch watch, int count, Scrub scrub) {
    for (int i = 0; i < count; i++) {
      watch.at(scrub);
      nowNanos += TimeUnit.SECONDS.toNanos(1);
    }
  }

  @Test
  void aTerminalHasOneLineWhateverTheState() {
    var watch = new ScrubWatch(new PrintWriter(text, true), true, () -> nowNanos);
    seconds(watch, 3, scrub("RUNNING", ""));
    seconds(watch, 50, scrub("PAUSED", ""));
    seconds(watch, 50, scrub("WAITING", "no route to host " + "x".repeat(300)));
    assertEquals(0, text.toString().chars().filter(c -> c == '\n').count());
    watch.end();
    assertEquals(1, text.toString().chars().filter(c -> c == '\n').count());
    List<String> frames = List.of(text.toString().strip().split("\r", -1));
    assertEquals(103, frames.size());
    assertTrue(frames.stream().allMatch(frame -> frame.length() <= 76), frames::toString);
    assertTrue(frames.getLast().startsWith("waiting, 12.0 % of 10.0 MiB"), frames.getLast());
    assertTrue(frames.getLast().endsWith("…"), frames.getLast());
  }

  @Test
  void elsewhereAChangeOfStateIsALine() {
    var watch = new ScrubWatch(new PrintWriter(text, true), false, () -> nowNanos);
    seconds(watch, 1000, scrub("RUNNING", ""));
    assertEquals("", text.toString());
    seconds(watch, 100, scrub("PAUSED", ""));
    seconds(watch, 100, scrub("RUNNING", ""));
    seconds(watch, 100, scrub("WAITING", "no route to host"));
    watch.end();
    assertEquals(
        List.of(
            "isthmus: scrub paused, 12.0 % of 10.0 MiB, 0µs; findings: none",
            "isthmus: scrub running, 12.0 % of 10.0 MiB, 0µs; findings: none",
            "isthmus: scrub waiting, 12.0 % of 10.0 MiB, 0µs; findings: none; no route to host"),
        text.toString().lines().toList());
  }

  @Test
  void oneThatComesAndGoesIsAtMostALineInTenSeconds() {
    var watch = new ScrubWatch(new PrintWriter(text, true), false, () -> nowNanos);
    for (int i = 0; i < 100; i++) {
      seconds(watch, 1, scrub("WAITING", "x"));
      seconds(watch, 1, scrub("RUNNING", ""));
    }
    long lines = text.toString().lines().count();
    assertTrue(lines >= 15 && lines <= 20, "lines in 200 s: " + lines);
  }
}
