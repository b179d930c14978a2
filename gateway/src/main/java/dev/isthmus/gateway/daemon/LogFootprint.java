package dev.isthmus.gateway.daemon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a volume's log directory looks like from outside: cheap to take, and another one once a disk
 * is mounted there, or a log is copied to it. Stateless.
 */
final class LogFootprint {

  /** More than any volume's logs: a roll file has 8 MiB and more. */
  private static final int MAX_FILES = 20_000;

  private LogFootprint() {}

  /**
   * Takes it. Never throws: a disk that can't be looked at has a footprint too.
   *
   * @param logs where it keeps its log, among others
   * @param volume null if it is not known
   */
  static String of(Path logs, @Nullable UUID volume) {
    return key(logs) + (volume == null ? "" : files(logs.resolve(volume.toString())));
  }

  /** Of the directory itself: others come and go in it. */
  private static String key(Path directory) {
    try {
      return directory + " " + Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
    } catch (IOException e) {
      return directory + " " + e;
    }
  }

  private static String files(Path directory) {
    var text = new StringBuilder();
    try (Stream<Path> all = Files.walk(directory, new FileVisitOption[0])) {
      all.limit(MAX_FILES).sorted().forEach(path -> append(path, text));
    } catch (IOException | UncheckedIOException e) {
      text.append(e);
    }
    return text.toString();
  }

  private static void append(Path path, StringBuilder text) {
    try {
      var attributes = Files.readAttributes(path, BasicFileAttributes.class);
      text.append('\n')
          .append(path)
          .append(' ')
          .append(attributes.size())
          .append(' ')
          .append(attributes.lastModifiedTime());
    } catch (IOException e) {
      text.append(e);
    }
  }
}
