package dev.isthmus.wal;

import java.nio.file.Path;

/**
 * A whole record as an examination met it. Immutable.
 *
 * @param record its fields; here also of control records
 * @param file the roll file
 * @param offsetBytes of its header in it
 * @param counts whether it is part of the log: false of what a later generation declared void, or
 *     what lies behind a cut
 */
public record LogEntry(LogRecord record, Path file, long offsetBytes, boolean counts) {

  /** Takes the entries of a log, file by file, in the order in which they were written. */
  @FunctionalInterface
  public interface Visitor {

    /**
     * One entry.
     *
     * @param payload reads its payload, only during this call
     */
    void visit(LogEntry entry, LogVisitor.Payload payload);
  }
}
