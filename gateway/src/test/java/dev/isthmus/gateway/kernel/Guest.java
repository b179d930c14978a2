package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Linux guest that runs one script of {@code kernel-initiator/scenarios}. Threading: confined to
 * the test's thread.
 */
final class Guest {

  private final Lab lab;
  private final Path share;
  private final ChildProcess process;

  private Guest(Lab lab, Path share, ChildProcess process) {
    this.lab = lab;
    this.share = share;
    this.process = process;
  }

  /** Boots a guest for {@code scenarios/SCENARIO.sh}. */
  static Booting boot(Lab lab, TestNetwork network, String scenario, Duration limit) {
    return new Booting(lab, network, scenario, limit);
  }

  /** What a guest is told. */
  static final class Booting {

    private final Lab lab;
    private final List<String> command;

    private Booting(Lab lab, TestNetwork network, String scenario, Duration limit) {
      this.lab = lab;
      this.command =
          new ArrayList<>(
              List.of(
                  Lab.kernelInitiator("guest").toString(),
                  network.name(),
                  Lab.kernelInitiator("scenarios/" + scenario + ".sh").toString(),
                  Long.toString(limit.toSeconds())));
    }

    /** A parameter of the scenario. */
    Booting with(String key, String value) {
      command.add(key + "=" + value);
      return this;
    }

    /** More of them, as {@code KEY=VALUE}. */
    Booting withAll(List<String> settings) {
      command.addAll(settings);
      return this;
    }

    Guest start() throws IOException {
      Path share = lab.data("guest-share");
      Files.createDirectories(share);
      Map<String, String> environment = Map.of("ISTHMUS_GUEST_SHARE", share.toString());
      return new Guest(
          lab, share, lab.keep(ChildProcess.start(lab.log("guest"), environment, command)));
    }
  }

  String output() throws IOException {
    // The console ends its lines with CR LF.
    return process.output().replace("\r", "");
  }

  /** Waits for {@code MARK name}. */
  void awaitMark(String mark, Duration limit) throws IOException, InterruptedException {
    Matcher _ = process.awaitLine("MARK " + mark, limit);
  }

  /** Tells the scenario to do something: there is a file of that name in {@code /share} then. */
  void tell(String what) throws IOException {
    Path _ = Files.createFile(share.resolve(what));
  }

  /** Waits for its end, which must be a good one. */
  void awaitSuccess(Duration limit) throws IOException, InterruptedException {
    int exitCode = process.await(limit);
    String said = output();
    assertEquals(
        0,
        exitCode,
        () ->
            "the guest failed: "
                + said.lines().filter(line -> line.startsWith("FAILED")).toList()
                + " (its whole console is printed below)");
  }

  /** The first group of {@code regex} in a line that it printed. */
  String find(String regex) throws IOException {
    Matcher matcher = Pattern.compile("^" + regex, Pattern.MULTILINE).matcher(output());
    if (!matcher.find()) {
      throw new AssertionError("the guest printed no line " + regex);
    }
    return matcher.group(1);
  }

  /** All that the first group of {@code regex} matched, in order. */
  List<String> findAll(String regex) throws IOException {
    return Pattern.compile("^" + regex, Pattern.MULTILINE)
        .matcher(output())
        .results()
        .map(result -> result.group(1))
        .toList();
  }

  /** Reports what matches as figures. */
  void figures(String before, String regex) throws IOException {
    findAll(regex).forEach(found -> lab.figure(before + found.strip()));
  }
}
