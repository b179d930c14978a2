package dev.isthmus.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Names and directories of a log: {@code generation-NNNNNNNNNN/} directories with roll files named
 * by number. Chronicle names files by a time, so a file's number is that many seconds after 1970.
 */
final class LogFiles {

  static final String SUFFIX = ".cq4";
  static final String NAME_PATTERN = "yyyyMMdd-HHmmss";

  private static final String GENERATION_PREFIX = "generation-";
  private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern(NAME_PATTERN);

  private LogFiles() {}

  /** A roll file by number and path. */
  record Found(int number, Path path) {}

  static String fileName(int number) {
    return NAME.format(LocalDateTime.ofEpochSecond(number, 0, ZoneOffset.UTC)) + SUFFIX;
  }

  static Path generationDirectory(Path log, int generation) {
    return log.resolve(String.format("%s%010d", GENERATION_PREFIX, generation));
  }

  /** All roll files, by number. Names that are not ours are passed over. */
  static List<Found> list(Path log) throws IOException {
    var found = new ArrayList<Found>();
    for (Path directory : generationDirectories(log)) {
      for (Path file : entries(directory, "*" + SUFFIX)) {
        int number = numberOf(file);
        if (number > 0) {
          found.add(new Found(number, file));
        }
      }
    }
    found.sort(Comparator.comparingInt(Found::number));
    return found;
  }

  static List<Path> generationDirectories(Path log) throws IOException {
    var found = new ArrayList<Path>();
    try {
      for (Path directory : entries(log, GENERATION_PREFIX + "*")) {
        if (Files.isDirectory(directory)) {
          found.add(directory);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    return found;
  }

  /** The highest generation that a directory is named after, used or not; 0 for none. */
  static int highestGeneration(Path log) throws IOException {
    int highest = 0;
    for (Path directory : generationDirectories(log)) {
      String digits = directory.getFileName().toString().substring(GENERATION_PREFIX.length());
      if (digits.matches("[0-9]{10}") && Long.parseLong(digits) < Integer.MAX_VALUE) {
        highest = Math.max(highest, Integer.parseInt(digits));
      }
    }
    return highest;
  }

  /** What a directory holds; a disk that fails while it is read is an {@link IOException} too. */
  private static List<Path> entries(Path directory, String glob) throws IOException {
    var found = new ArrayList<Path>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      entries.forEach(found::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  private static int numberOf(Path file) {
    String name = file.getFileName().toString();
    try {
      long number =
          LocalDateTime.parse(name.substring(0, name.length() - SUFFIX.length()), NAME)
              .toEpochSecond(ZoneOffset.UTC);
      return number > 0 && number < Integer.MAX_VALUE ? (int) number : 0;
    } catch (DateTimeException e) {
      return 0;
    }
  }

  /** Makes names created, renamed or deleted in {@code directory} durable. */
  static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * Deletes a generation's directory and Chronicle's own table in it, unless a roll file is left.
   */
  static void deleteGeneration(Path directory) throws IOException {
    for (Path path : entries(directory, "*")) {
      if (path.getFileName().toString().endsWith(SUFFIX)) {
        return;
      }
      Files.delete(path);
    }
    Files.delete(directory);
    Path log = directory.getParent();
    if (log != null) {
      forceDirectory(log);
    }
  }
}
