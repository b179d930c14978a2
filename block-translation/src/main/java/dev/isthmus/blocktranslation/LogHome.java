package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.wal.LogDirectory;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.RecoveredLog;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Where a host keeps the logs of its volumes. A simulation puts a home of its own in its place,
 * which knows of power cuts. Failures are those of {@link LogDirectory}. Threading: thread-safe;
 * may block.
 */
interface LogHome {

  /** As {@link LogDirectory#exists}. */
  boolean exists(Path directory);

  /** As {@link LogDirectory#open}. */
  RecoveredLog open(Path directory, LogSettings settings, UUID volume);

  /** As {@link LogDirectory#create}. */
  RecoveredLog create(Path directory, LogSettings settings, UUID volume, UUID logId);

  /** As {@link LogDirectory#setAside}. */
  Path setAside(Path directory);

  /** As {@link LogDirectory#delete}. */
  void delete(Path directory);

  /** Visits the whole data records of a log that {@link #open} refuses. Locks it meanwhile. */
  void visitWhole(Path directory, Consumer<LogRecord> visitor);

  /** Directories below {@code directory} whose names begin with {@code prefix}. */
  List<Path> list(Path directory, String prefix) throws IOException;

  /** The note that was written there last; empty if there is none. */
  Optional<String> readNote(Path volumeDirectory);

  /**
   * Replaces the note, durably and as a whole.
   *
   * @throws DeviceException.Unavailable if the disk does not take it
   */
  void writeNote(Path volumeDirectory, String note);

  /** The file system of this machine. */
  LogHome DISK =
      new LogHome() {
        @Override
        public boolean exists(Path directory) {
          return LogDirectory.exists(directory);
        }

        @Override
        public RecoveredLog open(Path directory, LogSettings settings, UUID volume) {
          return LogDirectory.open(directory, settings, volume);
        }

        @Override
        public RecoveredLog create(Path directory, LogSettings settings, UUID volume, UUID logId) {
          return LogDirectory.create(directory, settings, volume, logId);
        }

        @Override
        public Path setAside(Path directory) {
          return LogDirectory.setAside(directory);
        }

        @Override
        public Optional<String> readNote(Path volumeDirectory) {
          return NoteFile.read(volumeDirectory.resolve(LocalTerm.FILE_NAME), LocalTerm.MAX_BYTES);
        }

        @Override
        public void writeNote(Path volumeDirectory, String note) {
          NoteFile.write(volumeDirectory.resolve(LocalTerm.FILE_NAME), note);
        }

        @Override
        public void delete(Path directory) {
          LogDirectory.delete(directory);
        }

        @Override
        public void visitWhole(Path directory, Consumer<LogRecord> visitor) {
          try (LogExamination log = LogExamination.of(directory)) {
            log.visit((entry, payload) -> {
              if (entry.counts() && entry.record().type().isData()) {
                visitor.accept(entry.record());
              }
            });
          }
        }

        @Override
        public List<Path> list(Path directory, String prefix) throws IOException {
          var found = new ArrayList<Path>();
          try (DirectoryStream<Path> logs = Files.newDirectoryStream(directory, prefix + "*")) {
            logs.forEach(found::add);
          } catch (DirectoryIteratorException e) {
            throw e.getCause();
          }
          return found;
        }
      };
}
