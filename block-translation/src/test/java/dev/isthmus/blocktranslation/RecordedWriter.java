package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.PowerCutHistory.PowerOn;
import dev.isthmus.blocktranslation.powercut.RecordingDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A {@link PowerCutWriter} on a recording disk. Threading: confined to the test's thread. */
final class RecordedWriter implements AutoCloseable {

  private static final Duration LONGEST_WARMING = Duration.ofMinutes(2);

  private final Process process;
  private final Path said;

  private RecordedWriter(Process process, Path said) {
    this.process = process;
    this.said = said;
  }

  /**
   * Starts one, and waits until it has written enough for the disk's record to be worth cutting.
   *
   * @param force what it forces, see {@link PowerCutWriter}
   * @param before the power-ons that left the disk and the bucket as they are
   */
  static RecordedWriter start(long seed, RecordingDisk disk, String force, List<PowerOn> before)
      throws IOException, InterruptedException {
    var arguments =
        new ArrayList<>(
            List.of(
                Long.toString(seed),
                disk.directory().toString(),
                disk.mount().toString(),
                disk.marks().toString(),
                force));
    before.forEach(powerOn -> arguments.add(powerOn.toString()));
    var command = new ArrayList<>(disk.enter());
    command.addAll(ChildJvm.command(PowerCutWriter.class, arguments));
    Path said = disk.directory().resolve("writer.log");
    var writer =
        new RecordedWriter(
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start(),
            said);
    try {
      writer.await(PowerCutWriter.WARM, LONGEST_WARMING);
      return writer;
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      writer.close();
      throw e;
    }
  }

  /** All that it has printed. */
  String said() throws IOException {
    return Files.readString(said);
  }

  /** Waits until it has printed {@code text}; gives all that it has printed. */
  String await(String text, Duration limit) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      boolean alive = process.isAlive();
      String all = said();
      if (all.contains(text)) {
        return all;
      }
      if (!alive || System.nanoTime() > deadline) {
        throw new AssertionError("the writer did not come to " + text + ": " + all);
      }
      Thread.sleep(10);
    }
  }

  /** Fails if a command failed, or the writer died. */
  void requireGood() throws IOException {
    String all = said();
    if (!process.isAlive() || all.contains(PowerCutWriter.ERROR)) {
      throw new AssertionError("the writer met a failure: " + all);
    }
  }

  /** SIGKILL; waits until it is gone. */
  @Override
  public void close() {
    try {
      int _ = process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
