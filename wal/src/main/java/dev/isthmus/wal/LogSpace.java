package dev.isthmus.wal;

/**
 * Whether the log may take more of the disk.
 *
 * <p>Of the capacity one roll file is kept back for the next term: a log that a crash left full can
 * only be trimmed within a term, and a term needs a file of its own.
 *
 * <p>Threading: confined to the appender thread, but for {@link #sizeBytes}, which any may call.
 */
final class LogSpace {

  private final LogSettings settings;
  private final RollTable table;
  private final RollFilePreparer preparer;

  /** The term began in a log beyond its capacity, or may have, and nothing was trimmed since. */
  private boolean beyondCapacity;

  LogSpace(LogSettings settings, RollTable table, RollFilePreparer preparer) {
    this.settings = settings;
    this.table = table;
    this.preparer = preparer;
  }

  /** A term began, whatever room there was. */
  void termBegan() {
    beyondCapacity = true; // looked at by the first append
  }

  /** Keeps one crash after another from growing a full log by a file of data each. */
  void requireCapacity() {
    if (!beyondCapacity) {
      return;
    }
    if (table.sizeBytes() > settings.capacityBytes()) {
      throw full();
    }
    beyondCapacity = false;
  }

  /** Whether another roll file fits. */
  boolean hasRoom() {
    return table.sizeBytes() + 2 * settings.rollBytes() <= settings.capacityBytes();
  }

  /** Throws unless another roll file fits. */
  void requireRoom() {
    if (!hasRoom()) {
      throw full();
    }
  }

  private LogFullException full() {
    return new LogFullException(
        "the log takes "
            + table.sizeBytes()
            + " bytes of its capacity of "
            + settings.capacityBytes()
            + ", of which one roll file is kept for the next term, and needs another roll file");
  }

  /** All roll files, the one being prepared included. */
  long sizeBytes() {
    return table.sizeBytes() + (preparer.isStarted() ? settings.rollBytes() : 0);
  }
}
