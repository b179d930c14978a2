package dev.isthmus.blocktranslation.powercut;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file system on a disk that records each write and each flush, fails on demand, and whose power
 * can be cut: {@code power-cut/disk}. It is mounted in a namespace of its own, where only commands
 * begun with {@link #enter} see it, under a boot id of its own; all of it ends with its process.
 *
 * <p>Threading: confined to the test's thread.
 */
public final class RecordingDisk implements AutoCloseable {

  private static final int LONGEST_END_SECONDS = 60;

  private static final Pattern POSITION = Pattern.compile("\"position\": (\\d+)");

  private final Path directory;
  private final Path log;
  private final Process process;
  private final Writer commands;
  private final BufferedReader answers;

  private RecordingDisk(Path directory, Path log, Process process) {
    this.directory = directory;
    this.log = log;
    this.process = process;
    this.commands = process.outputWriter(UTF_8);
    this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  /**
   * One with an empty file system of {@code sizeMebibytes}, in the new folder {@code directory}.
   */
  public static RecordingDisk empty(Path directory, int sizeMebibytes) throws IOException {
    return start(directory, List.of("--size-mib", Integer.toString(sizeMebibytes)));
  }

  /** One that begins as a copy of {@code image}: the same disk after its power came back. */
  public static RecordingDisk of(Path directory, Path image) throws IOException {
    return start(directory, List.of("--image", image.toString()));
  }

  private static RecordingDisk start(Path directory, List<String> options) throws IOException {
    Files.createDirectories(directory);
    Path log = directory.resolve("log");
    var command = new ArrayList<>(List.of(PowerCut.tool("disk"), directory.toString()));
    command.addAll(options);
    var disk =
        new RecordingDisk(
            directory, log, new ProcessBuilder(command).redirectError(log.toFile()).start());
    try {
      String _ = disk.answer("its start");
      return disk;
    } catch (IOException | RuntimeException | Error e) {
      disk.close();
      throw e;
    }
  }

  /** Where the record lies, outside the namespace. */
  public Path directory() {
    return directory;
  }

  /** The file system, as commands begun with {@link #enter} see it. */
  public Path mount() {
    return directory.resolve("mnt");
  }

  /** Of the same: a file; each write to it is a mark in the record, and ends once it is one. */
  public Path marks() {
    return directory.resolve("fuse").resolve("marks");
  }

  /** What a command has to begin with to see the file system and the boot id of this disk. */
  public List<String> enter() {
    return List.of(PowerCut.tool("enter"), Long.toString(process.pid()));
  }

  /**
   * Switches the power off: everything fails from now on, and nothing more is recorded. Gives the
   * position that the record has reached.
   */
  public long cut() throws IOException {
    return command("cut");
  }

  /** From now on requests of that kind (reads, writes, flushes) end so (eio, enospc). */
  public void fail(String kind, String error) throws IOException {
    long _ = command("fail " + kind + " " + error);
  }

  /** No request fails any more. */
  public void heal() throws IOException {
    long _ = command("heal");
  }

  /** The position that the record has reached. */
  public long position() throws IOException {
    return command("status");
  }

  private long command(String line) throws IOException {
    commands.write(line + "\n");
    commands.flush();
    String answer = answer(line);
    Matcher position = POSITION.matcher(answer);
    if (!position.find()) {
      throw new AssertionError("the disk answered to " + line + ": " + answer);
    }
    return Long.parseLong(position.group(1));
  }

  private String answer(String what) throws IOException {
    @Nullable String answer = answers.readLine();
    if (answer == null) {
      throw new AssertionError("the disk ended at " + what + ": " + Files.readString(log));
    }
    return answer;
  }

  /** Unmounts, writes the record's end, and waits for the process. */
  @Override
  public void close() {
    try {
      commands.close();
    } catch (IOException e) {
      // It has ended already; its log tells why.
    }
    try {
      if (!process.waitFor(LONGEST_END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("the disk in " + directory + " did not end");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
