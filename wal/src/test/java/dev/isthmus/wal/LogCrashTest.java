package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed in the middle of its work loses nothing that it said was appended. */
final class LogCrashTest {

  private static final int ROUNDS = 4;

  @TempDir Path temp;

  @Test
  void aKilledWriterLosesNothing() throws IOException, InterruptedException {
    Path directory = temp.resolve("log");
    long seed = Long.getLong("crash.seed", System.nanoTime());
    var random = new Random(seed);
    long last = 0;
    for (int round = 1; round <= ROUNDS; round++) {
      Process child =
          new ProcessBuilder(LogChild.command("write", directory.toString()))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      long appended = last;
      try (BufferedReader lines = child.inputReader(StandardCharsets.US_ASCII)) {
        long stopAt = last + 1 + random.nextInt(3000);
        String line;
        while (appended < stopAt && (line = lines.readLine()) != null) {
          appended = Long.parseLong(line);
        }
        assertTrue(appended >= stopAt, "the child ended by itself; seed " + seed);
        if (round == 1) {
          assertThrows(LogInUseException.class, () -> openHere(directory));
        }
        child.toHandle().destroyForcibly(); // SIGKILL, and the pipe stays readable
        child.waitFor();
        while ((line = lines.readLine()) != null && !line.isEmpty()) {
          // A line that the kill cut off is no promise.
          appended = lines.ready() ? Long.parseLong(line) : appended;
        }
      }
      try (RecoveredLog found = openHere(directory)) {
        assertTrue(
            found.lastLsn() >= appended,
            found.lastLsn() + " of " + appended + " came back; seed " + seed);
        assertFalse(found.cleanClose());
        assertFalse(found.terms().getLast().bootChanged());
        assertEquals(round, found.state().orElseThrow().generation());
        assertEquals(found.lastLsn(), Logs.check(found, found.firstLsn()), "seed " + seed);
        last = found.lastLsn();
      }
    }
  }

  private static RecoveredLog openHere(Path directory) {
    return LogDirectory.open(directory, Logs.SMALL, Logs.VOLUME);
  }
}
