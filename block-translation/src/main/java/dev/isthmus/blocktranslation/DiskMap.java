package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.image.PinnedState;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import java.nio.file.Path;

/**
 * The map of a volume's disk in one state, put together from a {@link MapBase} and the segments
 * behind it, with nothing written to the bucket. Threading: confined to the opener, where it
 * blocks; {@link #map} on the loop.
 */
final class DiskMap implements ChainReader.Sink, AutoCloseable {

  /**
   * What it is made with.
   *
   * @param store only read
   * @param temporary where what does not fit into memory is kept meanwhile
   */
  record Source(
      ObjectStore store,
      EngineLoop loop,
      String keyPrefix,
      String where,
      MapSettings settings,
      Path temporary,
      Nonces nonces) {}

  private final Source source;
  private final Manifest manifest;
  private final MapBase base;
  private final SpilledParts spilled;
  private final MapAssembly assembly;
  private ChainPosition position;
  private long lastSequence;

  /**
   * Begins with a base.
   *
   * @throws DeviceException.Corrupt if that is damaged
   */
  DiskMap(Source source, Manifest manifest, MapBase base) {
    this.source = source;
    this.manifest = manifest;
    this.base = base;
    MapDescription description = MapDescription.EMPTY;
    position = ChainPosition.START;
    if (base.key() != null) {
      Checkpoint checkpoint = checkpoint(base.key());
      position = ChainPosition.behind(checkpoint);
      description = checkpoint.map();
    }
    spilled =
        new SpilledParts(
            new MapObjects(source.store, source.keyPrefix, manifest.volume(), source.where),
            source.temporary,
            source.loop.blocking());
    assembly =
        MapAssembly.begin(
            source.loop,
            VolumeIdentity.of(source.where, source.keyPrefix, manifest),
            description,
            source.settings,
            spilled,
            spilled,
            source.nonces,
            true);
  }

  private Checkpoint checkpoint(MapBase.Key key) {
    Manifest.CheckpointRef named = base.named();
    return named != null
        ? BucketView.checkpoint(
            source.store,
            source.loop,
            source.keyPrefix,
            source.where,
            manifest,
            named,
            RequestPurpose.OPEN)
        : BucketView.checkpoint(
            source.store,
            source.loop,
            source.keyPrefix,
            source.where,
            manifest.volume(),
            key.epoch(),
            key.nonce(),
            RequestPurpose.OPEN);
  }

  /**
   * Reads the chain on, to its present end.
   *
   * @throws DeviceException.Corrupt at a segment that is damaged; the map then holds what is before
   */
  void readOn() {
    readOn(Long.MAX_VALUE);
  }

  /**
   * Reads the chain on, to a state that was chosen before.
   *
   * @throws DeviceException.Invalid if it does not lead there
   */
  void readOn(PinnedState pinned) {
    readOn(pinned.sequence());
    boolean there =
        position.sequence() == pinned.sequence()
            && position.epoch() == pinned.epoch()
            && position.writer().equals(pinned.writer())
            && position.lastLsn() == pinned.lastLsn();
    if (!there) {
      throw new DeviceException.Invalid(
          "%s: the state of LSN %d (sequence %d) can't be read any more from %s, which leads to LSN"
                  .formatted(source.where, pinned.lastLsn(), pinned.sequence(), base.words())
              + " %d (sequence %d)".formatted(position.lastLsn(), position.sequence()));
    }
  }

  /**
   * Reads the chain on, to where a checkpoint was taken.
   *
   * @throws DeviceException.Invalid if it does not lead there
   */
  void readOn(Manifest.CheckpointRef ref) {
    readOn(ref.sequence());
    if (position.sequence() != ref.sequence() || position.lastLsn() != ref.lastLsn()) {
      throw new DeviceException.Invalid(
          "%s: the state of checkpoint %s (LSN %d, sequence %d) can't be read from %s"
              .formatted(
                  source.where, MapBase.name(ref), ref.lastLsn(), ref.sequence(), base.words()));
    }
  }

  /**
   * Makes sure that a map made of a checkpoint that the manifest does not name is a state that the
   * disk had: the segment or fence that it ends with is there, and ends at the same change.
   *
   * @throws DeviceException.Invalid if it is not, or not any more
   */
  void requireOnChain() {
    ChainReader.Link last = chain().at(position.sequence());
    if (last == null || !position.after(last.header()).equals(position)) {
      throw new DeviceException.Invalid(
          "%s: %s: object %s, with which it ends, %s. That it was ever the disk's state can't be told"
              .formatted(
                  source.where,
                  base.words(),
                  Keys.segment(manifest.volume(), position.sequence()),
                  last == null ? "was cleaned up, or never was" : "is of another history"));
    }
  }

  private ChainReader chain() {
    return new ChainReader(
        source.store,
        source.loop,
        source.keyPrefix,
        manifest.volume(),
        source.where,
        RequestPurpose.OPEN);
  }

  private void readOn(long last) {
    lastSequence = last;
    if (position.sequence() < last) {
      ChainPosition _ = chain().read(position, manifest.epoch(), this);
    }
  }

  @Override
  public void segment(ChainReader.Link link) {
    assembly.put(link.header(), link.entries());
  }

  @Override
  public boolean readOn(ChainPosition next) {
    position = next;
    return next.sequence() < lastSequence;
  }

  /** How far the map goes. */
  ChainPosition position() {
    return position;
  }

  MapBase base() {
    return base;
  }

  /** The map; on the loop only. */
  BlockMap map() {
    return assembly.map();
  }

  /** Closes because of {@code why}, which stays what is told. */
  <T extends RuntimeException> T closeAfter(T why) {
    try {
      close();
    } catch (RuntimeException e) {
      why.addSuppressed(e);
    }
    return why;
  }

  @Override
  public void close() {
    try {
      assembly.close();
    } finally {
      spilled.close();
    }
  }
}
