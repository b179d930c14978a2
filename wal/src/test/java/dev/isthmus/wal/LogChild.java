package dev.isthmus.wal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A process of its own that writes a log until it is killed, or forces between two marks. */
final class LogChild {

  private LogChild() {}

  /** The command line that runs this with the same JVM, class path and flags as the tests. */
  static List<String> command(String... arguments) {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            "--add-opens",
            "java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens",
            "java.base/java.lang.reflect=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            LogChild.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  /** Arguments: what to do, and the log's directory. */
  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[1]);
    switch (arguments[0]) {
      case "write" -> write(directory);
      case "fill" -> fill(directory);
      case "force" -> forceBetweenMarks(directory);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** Appends for ever; prints each LSN once its append has returned. */
  private static void write(Path directory) throws IOException {
    WriteAheadLog log;
    if (LogDirectory.exists(directory)) {
      RecoveredLog found = LogDirectory.open(directory, Logs.SMALL, Logs.VOLUME);
      long last = found.lastLsn();
      long epoch = found.state().orElseThrow().epoch().epoch() + 1;
      log = found.startAppending();
      log.beginEpoch(new LogEpoch(epoch, UUID.randomUUID(), 1), last);
    } else {
      log = LogDirectory.create(directory, Logs.SMALL, Logs.VOLUME, Logs.LOG).startAppending();
      log.beginEpoch(Logs.EPOCH_1, 0);
    }
    while (true) {
      long lsn = log.appendedLsn() + 1;
      Logs.append(log, lsn, lsn);
      System.out.println(lsn);
      System.out.flush();
      if (lsn % 500 == 0) {
        log.force();
        log.trim(lsn - 1000);
      }
    }
  }

  /** Looks for two files that are not there, just before and after a force over several files. */
  private static void forceBetweenMarks(Path directory) {
    WriteAheadLog log =
        LogDirectory.create(directory, Logs.SMALL, Logs.VOLUME, Logs.LOG).startAppending();
    log.beginEpoch(Logs.EPOCH_1, 0);
    Logs.append(log, 1, 300);
    boolean before = Files.exists(directory.resolve("mark-before"));
    log.force();
    boolean after = Files.exists(directory.resolve("mark-after"));
    System.out.println("forced " + before + after);
    log.closeClean();
  }

  /** Appends until there is no room, gives some back, and goes on; prints what happened. */
  private static void fill(Path directory) {
    WriteAheadLog log =
        LogDirectory.create(directory, Logs.SMALL, Logs.VOLUME, Logs.LOG).startAppending();
    log.beginEpoch(Logs.EPOCH_1, 0);
    for (int times = 0; times < 3; times++) {
      try {
        while (log.sizeBytes() <= log.capacityBytes()) {
          Logs.append(log, log.appendedLsn() + 1, log.appendedLsn() + 1);
        }
      } catch (LogFullException e) {
        System.out.println("full at " + log.appendedLsn() + ": " + e.getMessage());
      }
      log.force();
      log.trim(log.appendedLsn());
    }
    log.closeClean();
    try (RecoveredLog found = LogDirectory.open(directory, Logs.SMALL, Logs.VOLUME)) {
      System.out.println("recovered " + Logs.check(found, found.firstLsn()));
    }
  }
}
