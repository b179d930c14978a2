package dev.isthmus.gateway.logs;

import dev.isthmus.blocktranslation.image.PrivateFiles;
import dev.isthmus.wal.LogVisitor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A {@link ChangeList} in a file that its owner alone can read, JSON if its name ends so. It stays
 * only if it is {@link #keep kept}: what a salvage that failed leaves would keep the next one from
 * its name. Threading: confined to one thread.
 */
public final class ChangeListFile implements LogSalvage.Sink, AutoCloseable {

  private final Path file;
  private final PrintWriter out;
  private final ChangeList list;
  private boolean kept;

  private ChangeListFile(Path file, PrintWriter out, ChangeList list) {
    this.file = file;
    this.out = out;
    this.list = list;
  }

  /** An empty one, of a name that is not taken. */
  public static ChangeListFile create(Path file) throws IOException {
    PrivateFiles.create(file);
    var out = new PrintWriter(Files.newBufferedWriter(file, StandardOpenOption.WRITE));
    boolean json = String.valueOf(file.getFileName()).endsWith(".json");
    return new ChangeListFile(file, out, new ChangeList(out, json));
  }

  @Override
  public void change(SalvagedChange change, LogVisitor.Payload payload) throws IOException {
    list.change(change, payload);
  }

  /**
   * Ends the list.
   *
   * @throws IOException if not all of it was written
   */
  public void finish(SalvageSummary summary) throws IOException {
    list.finish(summary);
    if (out.checkError()) {
      throw new IOException("cannot write " + file);
    }
  }

  /** What it tells of is there: it stays. */
  public void keep() {
    kept = true;
  }

  @Override
  public void close() throws IOException {
    list.close();
    out.close();
    if (!kept) {
      Files.deleteIfExists(file);
    }
  }
}
