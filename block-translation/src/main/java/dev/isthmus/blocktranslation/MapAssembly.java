package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.MapListener;
import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.blocktranslation.map.PageSource;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A map that is put together segment by segment, outside of a running volume: as fast as its
 * background work keeps up, so that its memory stays within its settings. Threading: {@link #put},
 * {@link #freeze} and {@link #close} off the loop, where they block; the map on the loop.
 */
final class MapAssembly implements MapListener, AutoCloseable {

  /** Background work that a store out of reach made fail is tried again so often. */
  private static final int MAX_RETRIES = 20;

  /** Another way is better than a map of which so much is damaged; more may keep it congested. */
  private static final int MAX_DAMAGED_RUNS = MapSettings.MAX_RUNS / 4;

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final EngineLoop loop;
  private final String where;
  private final BlockMap map;
  private final boolean mayBeDamaged;
  private final List<PartInfo> dropped = new ArrayList<>();
  private final CompletableFuture<Void> failed = new CompletableFuture<>();
  private @Nullable CompletableFuture<Void> room;
  private int retries;
  private int damagedRuns;

  private MapAssembly(
      EngineLoop loop,
      VolumeIdentity identity,
      MapDescription base,
      MapSettings settings,
      PageSource pages,
      PartStore parts,
      Nonces nonces,
      boolean mayBeDamaged) {
    this.loop = loop;
    this.mayBeDamaged = mayBeDamaged;
    this.where = identity.where();
    this.map =
        BlockMap.restore(
            base,
            settings,
            new BlockMap.Environment(
                identity.volume(),
                identity.epoch(),
                loop,
                loop.blocking(),
                pages,
                parts,
                nonces::nextLong,
                this));
  }

  /**
   * Begins with what a checkpoint describes.
   *
   * @param mayBeDamaged whether runs that can't be merged are let be: whoever looks there finds the
   *     damage, and the map is good for everybody else
   * @throws DeviceException.Corrupt if that contradicts itself
   */
  static MapAssembly begin(
      EngineLoop loop,
      VolumeIdentity identity,
      MapDescription base,
      MapSettings settings,
      PageSource pages,
      PartStore parts,
      Nonces nonces,
      boolean mayBeDamaged) {
    return Futures.await(
        loop,
        identity.where(),
        Futures.onLoop(
            loop,
            _ ->
                new MapAssembly(
                    loop, identity, base, settings, pages, parts, nonces, mayBeDamaged)));
  }

  /** The map; on the loop only. */
  BlockMap map() {
    return map;
  }

  /** Adds the next segment; waits while the map is congested. */
  void put(SegmentHeader header, List<SegmentEntry> entries) {
    boolean _ =
        Futures.await(
            loop,
            where,
            Futures.startOnLoop(
                loop,
                () -> {
                  map.put(
                      header.sequence(),
                      header.epoch(),
                      Math.toIntExact(header.totalLength()),
                      VolumeCore.extents(header.sequence(), entries));
                  return orFailed(whenUncongested()).thenApply(_ -> true);
                }));
  }

  private CompletableFuture<Void> whenUncongested() {
    if (!map.congested()) {
      return CompletableFuture.completedFuture(null);
    }
    var waiting = new CompletableFuture<Void>();
    room = waiting;
    return waiting;
  }

  /** Writes out what is in memory, and describes the map. */
  MapDescription freeze() {
    return Futures.await(
        loop,
        where,
        Futures.startOnLoop(
            loop,
            () -> {
              CompletableFuture<MapDescription> frozen = map.freeze();
              return orFailed(frozen.thenApply(_ -> (Void) null)).thenCompose(_ -> frozen);
            }));
  }

  private CompletableFuture<Void> orFailed(CompletableFuture<Void> done) {
    return CompletableFuture.anyOf(done, failed).thenApply(_ -> (Void) null);
  }

  /** Parts that were stored and are needed no more. */
  List<PartInfo> dropped() {
    return Futures.await(loop, where, Futures.onLoop(loop, _ -> List.copyOf(dropped)));
  }

  @Override
  public void workDone() {
    if (room != null && !map.congested()) {
      room.complete(null);
      room = null;
    }
  }

  @Override
  public void partsDropped(List<PartInfo> parts) {
    dropped.addAll(parts);
  }

  @Override
  public void workFailed(DeviceException failure) {
    if (failure instanceof DeviceException.Unavailable && retries < MAX_RETRIES) {
      retries++;
      loop.schedule(loop.jittered(RETRY_NANOS), map::retryWork);
    } else {
      failed.completeExceptionally(failure);
    }
  }

  @Override
  public void runsDamaged(int runs, DeviceException why) {
    damagedRuns += runs;
    if (!mayBeDamaged || damagedRuns > MAX_DAMAGED_RUNS) {
      failed.completeExceptionally(why);
    }
  }

  @Override
  public void close() {
    boolean _ =
        Futures.await(
            loop,
            where,
            Futures.onLoop(
                loop,
                _ -> {
                  map.close();
                  return true;
                }));
  }
}
