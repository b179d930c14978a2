package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.MapListener;
import dev.isthmus.blocktranslation.map.PartInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the map's events to the volume, which is put together after the map; and starts failed
 * work again. Threading: confined to the volume's loop.
 */
final class MapEvents implements MapListener {

  private static final Logger LOG = LoggerFactory.getLogger(MapEvents.class);
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final EngineLoop loop;
  private final String where;
  private final List<PartInfo> early = new ArrayList<>();
  private int damagedRuns;
  private String firstDamage = "";
  private @Nullable BlockMap map;
  private @Nullable VolumeCore volume;

  MapEvents(EngineLoop loop, String where) {
    this.loop = loop;
    this.where = where;
  }

  void connect(BlockMap newMap) {
    map = newMap;
  }

  void connect(VolumeCore newVolume) {
    volume = newVolume;
    newVolume.partsDropped(early);
    early.clear();
    tellDamage();
  }

  @Override
  public void partsDropped(List<PartInfo> parts) {
    if (volume == null) {
      early.addAll(parts);
    } else {
      volume.partsDropped(parts);
    }
  }

  @Override
  public void workFailed(DeviceException failure) {
    LOG.warn("{}: the map's background work failed: {}", where, failure.getMessage());
    loop.schedule(
        loop.jittered(RETRY_NANOS),
        () -> {
          if (map != null) {
            map.retryWork();
          }
        });
  }

  @Override
  public void runsDamaged(int runs, DeviceException why) {
    LOG.error("{}: a merge of the map met damage in the bucket: {}", where, why.getMessage());
    damagedRuns += runs;
    if (firstDamage.isEmpty()) {
      firstDamage = String.valueOf(why.getMessage());
    }
    tellDamage();
  }

  private void tellDamage() {
    if (volume != null && damagedRuns > 0) {
      volume.mapDamaged(
          "the map in the bucket is damaged ("
              + firstDamage
              + (damagedRuns > 1 ? "; " + damagedRuns + " runs of it in all" : "")
              + "): reads that need it there end CORRUPT, all else goes on; `isthmus volume scrub`"
              + " tells which sectors, and `isthmus volume export` finds them another way where it"
              + " can, to import them as a new volume");
    }
  }

  @Override
  public void workDone() {
    if (volume != null) {
      volume.mapWorkDone();
    }
  }
}
