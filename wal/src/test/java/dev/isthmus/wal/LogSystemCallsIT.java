package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the log asks of the kernel, as strace sees it; fails where strace is not installed. */
final class LogSystemCallsIT {

  private static final Pattern SYNC =
      Pattern.compile("^(\\d+) +fdatasync\\(\\d+<([^>]*)>(?:\\) *= 0| <unfinished ...>)$");

  @TempDir Path temp;

  private List<String> trace(String calls) throws IOException, InterruptedException {
    Path trace = temp.resolve("trace");
    var command = new ArrayList<>(List.of("strace", "-f", "-y", "-e", "trace=" + calls));
    command.addAll(List.of("-o", trace.toString()));
    command.addAll(LogChild.command("force", temp.resolve("log").toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(temp.resolve("out").toFile())
            .start();
    assertEquals(0, process.waitFor());
    assertTrue(Files.readString(temp.resolve("out")).contains("forced falsefalse"));
    return Files.readAllLines(trace);
  }

  @Test
  void aForceSyncsEachTouchedRollFileBeforeItReturns() throws IOException, InterruptedException {
    List<String> lines = trace("%file,fdatasync,fsync,fallocate,msync");
    int before = indexOf(lines, "mark-before");
    int after = indexOf(lines, "mark-after");
    var synced = new TreeSet<String>();
    for (String line : lines.subList(before, after)) {
      Matcher matcher = SYNC.matcher(line);
      if (matcher.find()) {
        String resumed = matcher.group(1) + " +<... fdatasync resumed>\\) *= 0";
        assertTrue(
            !line.endsWith("...>")
                || lines.subList(before, after).stream().anyMatch(l -> l.matches(resumed)),
            line);
        synced.add(Path.of(matcher.group(2)).getFileName().toString());
      }
    }
    var touched = new TreeSet<String>();
    for (Path file : Logs.rollFiles(temp.resolve("log"))) {
      if (Logs.holdsRecords(file)) {
        touched.add(file.getFileName().toString());
      }
    }
    assertTrue(touched.size() >= 4, "touched " + touched);
    assertEquals(touched, synced);
    // Each file's space and name were made durable before it was used.
    List<String> start = lines.subList(0, before);
    assertTrue(start.stream().anyMatch(l -> l.matches(".*fallocate\\(\\d+<.*")));
    assertTrue(start.stream().anyMatch(l -> l.matches(".*fsync\\(\\d+<[^>]*/log>\\).*")));
    assertTrue(
        start.stream().anyMatch(l -> l.matches(".*fsync\\(\\d+<[^>]*/generation-\\d+>\\).*")));
  }

  private static int indexOf(List<String> lines, String mark) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains(mark)) {
        return i;
      }
    }
    throw new AssertionError("no " + mark + " in the trace");
  }

  /**
   * Nothing is connected, bound or sent over a network, nor is a name looked up. (The JDK opens and
   * closes a socket of each family to see what the kernel can do; the C library looks for a local
   * cache of names.)
   */
  @Test
  void nothingTouchesTheNetwork() throws IOException, InterruptedException {
    List<String> lines = trace("%network");
    assertTrue(
        lines.stream()
            .noneMatch(l -> l.matches(".*(sa_family=AF_INET|AF_NETLINK|SOCK_DGRAM|listen\\().*")),
        "calls: " + lines);
  }

  @Test
  void whatPhonesHomeIsNotThere() {
    assertThrows(
        ClassNotFoundException.class,
        () -> Class.forName("net.openhft.chronicle.analytics.Analytics"));
  }
}
