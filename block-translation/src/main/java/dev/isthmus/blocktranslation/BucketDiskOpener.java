package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.PinnedState;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Opens a volume's disk as its bucket has it (docs/adr/0011-images.md). Threading: confined to the
 * caller; blocks.
 */
final class BucketDiskOpener {

  /** How often a volume that somebody else opens meanwhile is looked at anew. */
  private static final int MAX_TRIES = 8;

  private final DiskMap.Source source;
  private final Consumer<String> notices;
  private final boolean skipDamaged;
  private final Runnable onClosed;
  private final CompletableFuture<DiskSource.Piece> defect;

  /**
   * @param notices hears, in words, of what is not as it should be
   * @param skipDamaged whether what is damaged may be left out
   * @param onClosed run when the disk was closed
   * @param defect fails when the loop met a defect
   */
  BucketDiskOpener(
      DiskMap.Source source,
      Consumer<String> notices,
      boolean skipDamaged,
      Runnable onClosed,
      CompletableFuture<DiskSource.Piece> defect) {
    this.defect = defect;
    this.source = source;
    this.notices = notices;
    this.skipDamaged = skipDamaged;
    this.onClosed = onClosed;
  }

  /**
   * Opens it.
   *
   * @param exact whether the state at the checkpoint {@code choice} is wanted, and not the newest
   * @param pinned the state that is wanted, whatever {@code exact} says; null for none
   * @throws DeviceException.Invalid if that state can't be had any more
   */
  BucketDisk open(CheckpointChoice choice, boolean exact, @Nullable PinnedState pinned) {
    for (int i = 0; i < MAX_TRIES; i++) {
      Manifest manifest = readManifest();
      if (pinned != null
          && !(manifest.volume().equals(pinned.volume())
              && manifest.sizeBytes() == pinned.sizeBytes())) {
        throw new DeviceException.Invalid(
            source.where()
                + " is another volume, or of another size, than the one whose export is to go on");
      }
      try {
        if (pinned != null) {
          // All ways lead there, or none.
          CheckpointChoice way = exact ? CheckpointChoice.AUTOMATIC : choice;
          return open(manifest, MapBase.of(manifest, way, pinned), map -> reach(map, pinned));
        }
        return exact ? openAt(manifest, choice) : openNewest(manifest, choice);
      } catch (DeviceException.Fenced e) {
        notices.accept("somebody opened the volume just now: looking at it anew");
      }
    }
    throw new DeviceException.Unavailable(
        source.where() + ": it is opened again and again while it is read; try later");
  }

  private Manifest readManifest() {
    var manifests = new ManifestStore(source.store(), source.keyPrefix(), source.where());
    try {
      Manifest manifest = source.loop().await(manifests.read()).manifest();
      if (manifest.state() == Manifest.State.DELETED) {
        throw new DeviceException.Unavailable(
            source.where() + " is being deleted: part of it is gone already");
      }
      return manifest;
    } catch (CompletionException e) {
      if (ManifestStore.isAbsent(e)) {
        throw new DeviceException.Unavailable(
            "there is no volume at " + source.where() + ": no manifest lies there", e);
      }
      throw Futures.deviceException(source.where(), e);
    }
  }

  private BucketDisk openNewest(Manifest manifest, CheckpointChoice choice) {
    return open(manifest, MapBase.of(manifest, choice, null), map -> pin(manifest, map));
  }

  private BucketDisk openAt(Manifest manifest, CheckpointChoice choice) {
    List<MapBase> bases = MapBase.at(manifest, choice);
    MapBase wanted = bases.getFirst();
    Manifest.CheckpointRef named = wanted.named();
    if (named == null) {
      notices.accept(
          wanted.words()
              + ", is not one that the manifest keeps ("
              + manifest.checkpoints().stream()
                  .map(ref -> MapBase.name(ref) + " of LSN " + ref.lastLsn())
                  .collect(Collectors.joining(", "))
              + "): what only it needs may have been cleaned up, and is told as damage then");
    }
    return open(
        manifest,
        bases,
        map -> {
          if (named == null) {
            map.requireOnChain();
          } else {
            map.readOn(named);
          }
          return state(manifest, map.position(), wanted, "");
        });
  }

  /**
   * @param pin reads on as far as is wanted, and says what state that is
   */
  private BucketDisk open(
      Manifest manifest, List<MapBase> bases, Function<DiskMap, PinnedState> pin) {
    DeviceException last = null;
    for (int i = 0; i < bases.size(); i++) {
      DiskMap map;
      try {
        map = new DiskMap(source, manifest, bases.get(i));
      } catch (DeviceException.Corrupt e) {
        notices.accept(bases.get(i).words() + ", is damaged: " + e.getMessage());
        last = e;
        continue;
      }
      try {
        return disk(manifest, map, pin.apply(map), bases.subList(i + 1, bases.size()));
      } catch (DeviceException.Invalid e) {
        // Another base may lead there.
        last = map.closeAfter(e);
        notices.accept(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        throw map.closeAfter(e);
      }
    }
    throw Objects.requireNonNull(last);
  }

  private static PinnedState reach(DiskMap map, PinnedState pinned) {
    map.readOn(pinned);
    return pinned;
  }

  /** Reads the chain to its end, and says what that is. */
  private PinnedState pin(Manifest manifest, DiskMap map) {
    String shortfall = "";
    try {
      map.readOn();
    } catch (DeviceException.Corrupt e) {
      if (!skipDamaged) {
        throw new DeviceException.Corrupt(
            e.getMessage()
                + ". It can't be told where on the disk it belongs: --skip-damaged exports the"
                + " older state before it, of LSN "
                + map.position().lastLsn(),
            e);
      }
      // Whatever stands behind it would go over a disk that never was: the prefix ends here.
      shortfall = e.getMessage() + ": everything behind it is left out";
    }
    ChainPosition end = map.position();
    String missing = BucketView.missing(manifest, end);
    if (shortfall.isEmpty() && missing != null) {
      shortfall = missing;
    }
    if (!shortfall.isEmpty()) {
      if (end.lastLsn() == 0) {
        throw new DeviceException.Corrupt(
            source.where()
                + ": nothing can be read: no checkpoint is readable, and of the segments the first"
                + " one is missing or damaged already ("
                + Keys.segment(manifest.volume(), end.nextSequence())
                + ")");
      }
      notices.accept(shortfall);
    }
    return state(manifest, end, map.base(), shortfall.replace('\n', ' '));
  }

  private static PinnedState state(
      Manifest manifest, ChainPosition end, MapBase base, String shortfall) {
    return new PinnedState(
        manifest.volume(),
        manifest.incarnation(),
        manifest.sizeBytes(),
        end.epoch(),
        end.writer(),
        end.sequence(),
        end.lastLsn(),
        end.lastTimeNanos(),
        base.checkpoint(),
        shortfall);
  }

  private BucketDisk disk(Manifest manifest, DiskMap map, PinnedState state, List<MapBase> others) {
    VolumeIdentity identity = VolumeIdentity.of(source.where(), source.keyPrefix(), manifest);
    return new BucketDisk(
        identity,
        source,
        new FrameFetcher(identity, source.store(), source.loop(), new FrameCache(0), null),
        state,
        manifest,
        map,
        others,
        notices,
        skipDamaged,
        onClosed,
        defect);
  }
}
