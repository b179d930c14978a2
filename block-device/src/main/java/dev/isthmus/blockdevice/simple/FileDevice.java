package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.support.CommandGate;
import dev.isthmus.blockdevice.support.Completions;
import dev.isthmus.blockdevice.support.DeviceListeners;
import dev.isthmus.blockdevice.support.InlineCalls;
import dev.isthmus.blockdevice.support.RangeLock;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A disk image or a block device of the operating system: {@code file:///path}.
 *
 * <p>Reads and writes go through the page cache: a completed write survives a crash of this
 * process, and of what no flush or FUA covered a power cut may leave any subset of blocks. A flush
 * is one fdatasync for all that ask at the same time. When it fails, the system may have dropped
 * the pages and called them clean, so a second one would succeed without the data: the device is
 * {@link DeviceState.Kind#FAILED} from then on, and every command {@link IoStatus#MEDIA_ERROR}.
 *
 * <p>The JDK alone can't punch holes in a file, and calling fallocate would ask the user for a JVM
 * flag. So discard does nothing and says so ({@code discards}, {@code zeroesAfterDiscard} are
 * false), and write zeroes writes zeroes; with {@code mayDeallocate} only where the file isn't
 * zeroes already, which keeps a sparse image sparse. What is lost: space once used is not given
 * back.
 *
 * <p>Overlapping commands are ordered by a {@link RangeLock}: the kernel orders neither a read with
 * a write, nor anything with a compare-and-write. Write zeroes is done in pieces, each locked by
 * itself.
 *
 * <p>Threading: thread-safe. At most {@value #IO_THREADS} threads of its own per device do the I/O
 * and call completions; they start when needed and end after {@value #IDLE_SECONDS} s. At most
 * {@value #MAX_IN_FLIGHT} commands are in flight; more are {@link IoStatus#BUSY}.
 */
public final class FileDevice implements BlockDevice {

  /** What a disk serves at a time is about this, and each costs a thread. */
  static final int IO_THREADS = 8;

  /** Commands; bounds the threads' queue, the range lock and the flush group. */
  static final int MAX_IN_FLIGHT = 1024;

  static final int MAX_TRANSFER_BYTES = 4 << 20;

  private static final int IDLE_SECONDS = 10;
  private static final long LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final System.Logger LOG = System.getLogger(FileDevice.class.getName());

  private final DeviceInfo info;
  private final FileMedium medium;
  private final CommandGate gate = new CommandGate(MAX_IN_FLIGHT);
  private final RangeLock ranges = new RangeLock(MAX_IN_FLIGHT);
  private final DeviceListeners listeners = new DeviceListeners();
  private final ThreadPoolExecutor threads;
  private final FlushGroup flushes;
  private final AtomicLong lastLogNanos =
      new AtomicLong(System.nanoTime() - 2 * LOG_INTERVAL_NANOS);
  private final AtomicReference<@Nullable String> failed = new AtomicReference<>();

  FileDevice(DeviceInfo info, FileMedium medium) {
    this.info = info;
    this.medium = medium;
    this.threads =
        new ThreadPoolExecutor(
            IO_THREADS,
            IO_THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("isthmus-file-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
    this.flushes = new FlushGroup(medium, threads);
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public OpenOutcome openOutcome() {
    return OpenOutcome.COMPLETE;
  }

  @Override
  public Positions positions() {
    return Positions.NONE;
  }

  @Override
  public DeviceState state() {
    String reason = failed.get();
    if (gate.isClosed()) {
      return DeviceState.CLOSED;
    }
    return reason == null ? DeviceState.READY : new DeviceState(DeviceState.Kind.FAILED, reason);
  }

  @Override
  public void addListener(DeviceListener listener) {
    listeners.add(listener);
  }

  @Override
  public void removeListener(DeviceListener listener) {
    listeners.remove(listener);
  }

  @Override
  public void submit(IoCommand command, IoCompletion completion) {
    Objects.requireNonNull(command);
    Objects.requireNonNull(completion);
    IoStatus status = gate.tryEnter();
    if (status != IoStatus.OK) {
      refuse(completion, status, false);
      return;
    }
    status = info.check(command);
    if (status != IoStatus.OK) {
      refuse(completion, status, true);
    } else if (command instanceof IoCommand.Flush) {
      flushes.join(new FileCommand(this, command, completion));
    } else if (command instanceof IoCommand.Discard) {
      // Nothing to do: see the class comment.
      refuse(completion, completion.isCancelled() ? IoStatus.CANCELLED : ready(), true);
    } else {
      new FileCommand(this, command, completion).start();
    }
  }

  /** Completes on this thread, bounding the recursion that may come of it. */
  private void refuse(IoCompletion completion, IoStatus status, boolean entered) {
    Runnable call =
        () -> {
          Completions.complete(completion, status);
          if (entered) {
            gate.exit();
          }
        };
    InlineCalls calls = InlineCalls.ofThread();
    if (calls.begin()) {
      try {
        call.run();
      } finally {
        calls.end();
      }
    } else if (!calls.defer(call)) {
      call.run();
    }
  }

  /** Whether a command that was held back may still begin. */
  IoStatus ready() {
    if (failed.get() != null) {
      return IoStatus.MEDIA_ERROR;
    }
    return gate.isClosed() ? IoStatus.CLOSED : IoStatus.OK;
  }

  FileMedium medium() {
    return medium;
  }

  RangeLock ranges() {
    return ranges;
  }

  FlushGroup flushes() {
    return flushes;
  }

  void execute(Runnable work) {
    threads.execute(work);
  }

  void exit() {
    gate.exit();
  }

  /** A command failed below; what it was is logged, and the status for it returned. */
  IoStatus failure(IoCommand command, Exception e) {
    long now = System.nanoTime();
    long last = lastLogNanos.get();
    // A broken disk fails every command: one line a second says as much.
    if (now - last > LOG_INTERVAL_NANOS && lastLogNanos.compareAndSet(last, now)) {
      LOG.log(System.Logger.Level.ERROR, info.name() + ": " + command, e);
    }
    if (!(e instanceof IOException)) {
      return IoStatus.INTERNAL;
    }
    // The JDK has no other sign of ENOSPC and EDQUOT.
    String message = String.valueOf(e.getMessage());
    return message.contains("No space left") || message.contains("quota exceeded")
        ? IoStatus.CAPACITY_EXCEEDED
        : IoStatus.MEDIA_ERROR;
  }

  /** A force failed: for good. */
  void forceFailed(IOException e) {
    String reason = "a flush failed, and what it covered may be lost: " + e.getMessage();
    if (failed.compareAndSet(null, reason)) {
      LOG.log(System.Logger.Level.ERROR, info.name() + ": " + reason, e);
      listeners.changed(this);
    }
  }

  @Override
  public void close() {
    boolean first = gate.close();
    gate.awaitIdle();
    if (!first) {
      return;
    }
    lastForce();
    threads.shutdown();
    try {
      medium.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, info.name() + ": closing the file", e);
    }
    listeners.changed(this);
    String reason = failed.get();
    if (reason != null) {
      throw new DeviceException.Corrupt(info.name() + ": " + reason);
    }
  }

  /** On a thread of ours: an interrupt of the closing one would make the channel fail. */
  private void lastForce() {
    if (failed.get() != null) {
      return;
    }
    var end = new CommandGate(1);
    end.tryEnter();
    threads.execute(() -> {
      try {
        medium.force();
      } catch (IOException e) {
        forceFailed(e);
      } finally {
        end.exit();
      }
    });
    end.close();
    end.awaitIdle();
  }
}
