package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blocktranslation.store.ObjectStore;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;

/**
 * The process that is killed: plays a {@link CrashScript} at queue depth 16 with flushes between,
 * and tells on standard output what was promised to it. It never ends by itself within a test.
 *
 * <p>Lines: {@code READY id}; {@code DONE id}: all changes up to it completed; {@code FLUSHED id}:
 * so did a flush submitted after that; {@code UPLOADED lsn}; {@code ERROR text}.
 */
final class CrashChild {

  private static final int QUEUE_DEPTH = 16;
  private static final int LAST_ID = 300_000;

  private final CrashScript script;
  private final VolumeCore volume;
  private final PrintStream out;
  private final Semaphore slots = new Semaphore(QUEUE_DEPTH);
  private final TreeSet<Long> doneOutOfOrder = new TreeSet<>();
  private long doneUpTo;

  private CrashChild(CrashScript script, VolumeCore volume, long firstId, PrintStream out) {
    this.script = script;
    this.volume = volume;
    this.out = out;
    this.doneUpTo = firstId - 1;
  }

  public static void main(String[] args) throws Exception {
    var script = new CrashScript(Long.parseLong(args[0]));
    var out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true);
    ObjectStore store = CrashOracleSim.store(Path.of(args[1]));
    VolumeCore volume = new TestHost(Path.of(args[2]), store).open();
    long firstId = volume.positions().appliedLsn() + 1;
    out.println("READY " + firstId);
    new CrashChild(script, volume, firstId, out).play(firstId);
  }

  private void play(long firstId) throws InterruptedException {
    var random = new Random(script.seed() ^ firstId);
    for (long id = firstId; id <= LAST_ID; id++) {
      slots.acquire();
      long submitted = id;
      volume.submit(script.command(id), status -> done(submitted, status));
      if (random.nextInt(50) == 0) {
        flush();
      }
      if (random.nextInt(200) == 0) {
        say("UPLOADED " + volume.positions().uploadedLsn());
      }
    }
    say("ERROR the script is at its end");
  }

  private synchronized void done(long id, IoStatus status) {
    slots.release();
    if (status != IoStatus.OK) {
      say("ERROR change " + id + " ended " + status);
      return;
    }
    doneOutOfOrder.add(id);
    while (doneOutOfOrder.remove(doneUpTo + 1)) {
      doneUpTo++;
    }
    if (id % 32 == 0) {
      say("DONE " + doneUpTo);
    }
  }

  private void flush() throws InterruptedException {
    long covered;
    synchronized (this) {
      covered = doneUpTo;
    }
    slots.acquire();
    volume.submit(
        IoCommand.FLUSH,
        status -> {
          slots.release();
          say(status == IoStatus.OK ? "FLUSHED " + covered : "ERROR a flush ended " + status);
        });
  }

  private void say(String line) {
    synchronized (out) {
      out.println(line);
    }
  }
}
