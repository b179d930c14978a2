package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A bucket of parts in memory, an engine thread and an executor, all run by {@link #pump}.
 *
 * <p>Fault model: reads and PUTs complete in any order and at any time; a PUT fails with {@code
 * failPerMille}, before or after it took effect; a read fails with the same. A key is never written
 * twice, bytes are right, and the engine thread keeps its order. Threading: confined to one thread.
 */
final class FakeParts implements PageSource, PartStore, MapListener {

  final Map<PartName, byte[]> stored = new HashMap<>();
  final Set<PartName> dropped = new HashSet<>();
  final List<DeviceException> failures = new ArrayList<>();
  final List<DeviceException> damages = new ArrayList<>();
  final List<Throwable> errors = new ArrayList<>();
  int failPerMille;
  long readRequests;
  long readBytes;
  long putRequests;
  long putBytes;
  int workDone;

  private final Random random;
  private final boolean immediate;
  private final List<Runnable> events = new ArrayList<>();
  private final ArrayDeque<Runnable> engine = new ArrayDeque<>();

  /**
   * @param immediate whether everything completes at once, on direct executors
   */
  FakeParts(long seed, boolean immediate) {
    this.random = new Random(seed);
    this.immediate = immediate;
  }

  BlockMap.Environment environment(java.util.UUID volume, long epoch) {
    return new BlockMap.Environment(
        volume,
        epoch,
        immediate ? this::guard : task -> engine.addLast(() -> guard(task)),
        immediate ? this::guard : task -> events.add(() -> guard(task)),
        this,
        this,
        random::nextLong,
        this);
  }

  /** Keeps what a task throws: a future on the way would swallow it. */
  void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      errors.add(e);
    }
  }

  /** Runs up to so many events, chosen at random; false if there was nothing to do. */
  boolean pump(int most) {
    boolean any = false;
    for (int i = 0; i < most && !(events.isEmpty() && engine.isEmpty()); i++) {
      any = true;
      if (!engine.isEmpty() && (events.isEmpty() || random.nextInt(2) == 0)) {
        engine.removeFirst().run();
      } else {
        int chosen = random.nextInt(events.size());
        Runnable event = events.get(chosen);
        events.set(chosen, events.getLast());
        events.removeLast();
        event.run();
      }
    }
    return any;
  }

  private void later(Runnable event) {
    if (immediate) {
      event.run();
    } else {
      events.add(event);
    }
  }

  private boolean fails() {
    return failPerMille > 0 && random.nextInt(1000) < failPerMille;
  }

  @Override
  public CompletableFuture<MemorySegment> read(PartInfo part, long offset, int length) {
    readRequests++;
    readBytes += length;
    var future = new CompletableFuture<MemorySegment>();
    boolean fail = fails();
    later(() -> {
      byte[] bytes = stored.get(part.name());
      if (fail) {
        future.completeExceptionally(new DeviceException.Unavailable("injected"));
      } else if (bytes == null) {
        future.completeExceptionally(new DeviceException.Corrupt("no such part"));
      } else {
        future.complete(MemorySegment.ofArray(bytes).asSlice(offset, length));
      }
    });
    return future;
  }

  @Override
  public CompletableFuture<Void> put(PartInfo part, MemorySegment bytes) {
    putRequests++;
    putBytes += bytes.byteSize();
    var future = new CompletableFuture<Void>();
    boolean fail = fails();
    boolean takesEffect = !fail || random.nextBoolean();
    later(() -> {
      if (takesEffect && stored.put(part.name(), bytes.toArray(ValueLayout.JAVA_BYTE)) != null) {
        errors.add(new AssertionError("a part was written twice"));
      }
      if (fail) {
        future.completeExceptionally(new DeviceException.Unavailable("injected"));
      } else {
        future.complete(null);
      }
    });
    return future;
  }

  @Override
  public void partsDropped(List<PartInfo> parts) {
    for (PartInfo part : parts) {
      if (!dropped.add(part.name())) {
        throw new AssertionError("a part was dropped twice");
      }
    }
  }

  @Override
  public void workDone() {
    workDone++;
  }

  @Override
  public void runsDamaged(int runs, DeviceException why) {
    damages.add(why);
  }

  @Override
  public void workFailed(DeviceException failure) {
    failures.add(failure);
  }
}
