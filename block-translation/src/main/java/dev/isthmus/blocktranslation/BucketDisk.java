package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.image.DamagedRange;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.PinnedState;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.LookupHandler;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One state of a volume's disk, read from nothing but its bucket. Nobody's ownership is asked for
 * or touched, and nothing is written there.
 *
 * <p>Where the map turns out to be damaged while it is read, {@link #recover} puts it together
 * another way: every way to the pinned state leads to the same bytes. Threading: as {@link
 * DiskSource} says; what it holds is confined to its loop.
 */
public final class BucketDisk implements DiskSource {

  /** Where a part of the map is lost, less than this is not told apart: 128 KiB of disk. */
  private static final int LEAST_LOSS_SECTORS = 256;

  private final VolumeIdentity identity;
  private final DiskMap.Source source;
  private final FrameFetcher fetcher;
  private final PinnedState pinned;
  private final Manifest manifest;
  private final List<MapBase> otherBases;
  private final Consumer<String> notices;
  private final boolean skipDamaged;
  private final Runnable onClosed;
  private final CompletableFuture<Piece> defect;
  // Both change while no read is under way.
  private volatile DiskMap map;
  private volatile boolean lossy;

  /**
   * @param fetcher of frames, not caching any
   * @param map as far as {@code pinned}
   * @param otherBases ways to the same state that were not tried yet
   * @param skipDamaged whether a map that is lost in part may still be read
   * @param defect fails when the loop met a defect, so that nobody waits for ever
   */
  BucketDisk(
      VolumeIdentity identity,
      DiskMap.Source source,
      FrameFetcher fetcher,
      PinnedState pinned,
      Manifest manifest,
      DiskMap map,
      List<MapBase> otherBases,
      Consumer<String> notices,
      boolean skipDamaged,
      Runnable onClosed,
      CompletableFuture<Piece> defect) {
    this.defect = defect;
    this.identity = identity;
    this.source = source;
    this.fetcher = fetcher;
    this.pinned = pinned;
    this.manifest = manifest;
    this.map = map;
    this.otherBases = new ArrayList<>(otherBases);
    this.notices = notices;
    this.skipDamaged = skipDamaged;
    this.onClosed = onClosed;
  }

  @Override
  public String description() {
    return identity.where();
  }

  @Override
  public long sizeBytes() {
    return identity.sizeBytes();
  }

  /** The state that this is, for an export that goes on later. */
  public PinnedState pinned() {
    return pinned;
  }

  /**
   * Whether the volume has an owner, or had one that did not close it: then that one's log may hold
   * changes behind this state.
   */
  public boolean isOpenElsewhere() {
    return manifest.state() == Manifest.State.OPEN;
  }

  /** What the map was put together from, in words. */
  public String base() {
    return map.base().words();
  }

  /** Requests made of the bucket so far. */
  public StoreStatistics.Counts reads() {
    return source.store().statistics().of(RequestKind.GET);
  }

  @Override
  public CompletableFuture<Piece> read(long offsetBytes, MemorySegment buffer) {
    var read = new Read(offsetBytes / 512, buffer);
    source.loop().execute(read::start);
    return read.done.applyToEither(defect, piece -> piece);
  }

  @Override
  public boolean recover(DeviceException failure) {
    if (!(failure instanceof DeviceException.Corrupt) || lossy) {
      return false;
    }
    notices.accept("the map, as of " + base() + ", is damaged: " + failure.getMessage());
    while (!otherBases.isEmpty()) {
      MapBase next = otherBases.removeFirst();
      try {
        replaceMap(next);
        notices.accept("going on with " + base() + ": the same state, LSN " + pinned.lastLsn());
        return true;
      } catch (DeviceException.Corrupt | DeviceException.Invalid e) {
        notices.accept(next.words() + ", is of no use either: " + e.getMessage());
      }
    }
    lossy = skipDamaged;
    return lossy;
  }

  private void replaceMap(MapBase base) {
    var next = new DiskMap(source, manifest, base);
    try {
      next.readOn(pinned);
    } catch (RuntimeException e) {
      throw next.closeAfter(e);
    }
    map.close();
    map = next;
  }

  /** One read: its range is looked up, then its frames fetched. Confined to the loop. */
  private final class Read implements FrameFetcher.Waiter {
    final CompletableFuture<Piece> done = new CompletableFuture<>();
    private final long firstSector;
    private final MemorySegment buffer;
    private final Map<FrameRef, List<Extent>> frames = new LinkedHashMap<>();
    private final List<DamagedRange> damaged = new ArrayList<>();
    private @Nullable DeviceException failure;
    private boolean anyData;
    private int lookups;
    private int fetches;

    Read(long firstSector, MemorySegment buffer) {
      this.firstSector = firstSector;
      this.buffer = buffer;
    }

    void start() {
      look(firstSector, buffer.byteSize() / 512);
    }

    private void look(long sector, long sectorCount) {
      lookups++;
      map.map().lookup(sector, sectorCount, new Range(sector, sectorCount));
    }

    /** A look-up of part of the range. */
    private final class Range implements LookupHandler {
      private final long sector;
      private final long sectorCount;

      Range(long sector, long sectorCount) {
        this.sector = sector;
        this.sectorCount = sectorCount;
      }

      @Override
      public void extent(Extent piece) {
        if (!piece.isZeroes()) {
          anyData = true;
          frames.computeIfAbsent(FrameRef.of(piece), _ -> new ArrayList<>(1)).add(piece);
        } else if (piece.sectorCount() * 512 < buffer.byteSize()) {
          target(piece.sector(), piece.sectorCount()).fill((byte) 0);
        }
      }

      @Override
      public void done() {
        lookupEnded();
      }

      @Override
      public void failed(DeviceException thrown) {
        if (!lossy || !(thrown instanceof DeviceException.Corrupt)) {
          failure = thrown;
        } else if (sectorCount > LEAST_LOSS_SECTORS) {
          long half = sectorCount / 2;
          look(sector, half);
          look(sector + half, sectorCount - half);
        } else {
          lost(sector, sectorCount, "the map: " + thrown.getMessage());
        }
        lookupEnded();
      }
    }

    private void lookupEnded() {
      if (--lookups > 0) {
        return;
      }
      fetches = frames.size();
      if (failure != null || fetches == 0) {
        end();
      } else {
        fetcher.fetch(List.copyOf(frames.keySet()), RequestPurpose.READ, this);
      }
    }

    @Override
    public void frame(FrameRef ref, MemorySegment data) {
      for (Extent piece : piecesOf(ref)) {
        if (!FrameRef.copy(piece, data, target(piece.sector(), piece.sectorCount()))) {
          lost(piece.sector(), piece.sectorCount(), place(ref) + " is too short");
        }
      }
      fetchEnded();
    }

    @Override
    public void failed(FrameRef ref, IoStatus status) {
      if (status == IoStatus.CORRUPT) {
        for (Extent piece : piecesOf(ref)) {
          lost(piece.sector(), piece.sectorCount(), place(ref) + " is missing or fails its checks");
        }
      } else {
        failure =
            new DeviceException.Unavailable(
                identity.where()
                    + ": "
                    + place(ref)
                    + " can't be read now: the bucket did not give"
                    + " it in time");
      }
      fetchEnded();
    }

    private String place(FrameRef ref) {
      return "object %s, the frame of %d bytes at offset %d"
          .formatted(
              identity.keyPrefix() + Keys.segment(identity.volume(), ref.segment()),
              ref.totalBytes(),
              ref.offset());
    }

    private List<Extent> piecesOf(FrameRef ref) {
      return frames.getOrDefault(ref, List.of());
    }

    private MemorySegment target(long sector, long sectorCount) {
      return buffer.asSlice((sector - firstSector) * 512, sectorCount * 512);
    }

    private void lost(long sector, long sectorCount, String what) {
      anyData = true;
      damaged.add(new DamagedRange(sector, sectorCount, what.replace('\n', ' ')));
    }

    private void fetchEnded() {
      if (--fetches == 0) {
        end();
      }
    }

    private void end() {
      if (failure != null) {
        done.completeExceptionally(failure);
      } else if (damaged.isEmpty()) {
        done.complete(anyData ? Piece.DATA : Piece.ZEROES);
      } else {
        damaged.sort(Comparator.comparingLong(DamagedRange::sector));
        done.complete(new Piece(false, damaged));
      }
    }
  }

  @Override
  public void close() {
    try {
      map.close();
    } finally {
      onClosed.run();
    }
  }
}
