package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.blocktranslation.map.LookupHandler;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads: the newest content of each sector is in the log (dirty), else where the map says, else
 * zeroes. Dirty content is looked at first, and moves to the map before it leaves the dirty map, so
 * no sector is ever missed between the two. Threading: confined to the volume's loop.
 */
final class ReadPath {

  private static final Logger LOG = LoggerFactory.getLogger(ReadPath.class);

  /** Sectors of one look-up in the map for read-ahead. */
  private static final int MAX_LOOKUP_SECTORS = 1 << 16;

  private final VolumeIdentity identity;
  private final IntervalMap<DirtyRange> dirty;
  private final BlockMap map;
  private final WriteAheadLog log;
  private final FrameCache cache;
  private final FrameFetcher fetcher;
  private final ReadAhead readAhead;
  private final boolean cacheEnabled;
  private final Arena arena = Arena.ofAuto();
  private final MemorySegment scratch = arena.allocate(Frame.MAX_RAW_BYTES);
  private long corrupt;

  ReadPath(
      VolumeIdentity identity,
      IntervalMap<DirtyRange> dirty,
      BlockMap map,
      WriteAheadLog log,
      FrameCache cache,
      FrameFetcher fetcher,
      long cacheBytes) {
    this.identity = identity;
    this.dirty = dirty;
    this.map = map;
    this.log = log;
    this.cache = cache;
    this.fetcher = fetcher;
    this.cacheEnabled = cacheBytes > 0;
    this.readAhead = new ReadAhead(cacheBytes);
  }

  /** Fills {@code buffer} from {@code offsetBytes}; {@code done} is told once, on the loop. */
  void read(long offsetBytes, MemorySegment buffer, Consumer<IoStatus> done) {
    var read = new PendingRead(offsetBytes / 512, buffer, done);
    long sectors = buffer.byteSize() / 512;
    read.start(sectors);
    if (cacheEnabled) {
      readAhead.advised(offsetBytes, buffer.byteSize(), identity.sizeBytes(), this::prefetch);
    }
  }

  /** Ends the reads that wait for the bucket; later ones that would have to wait fail at once. */
  void close() {
    fetcher.close();
  }

  /** What failed its checks so far. */
  ReadIntegrity integrity() {
    return new ReadIntegrity(
        corrupt, fetcher.refetched(), cache.damages(), fetcher.servedFromLog());
  }

  private void prefetch(long offsetBytes, long lengthBytes) {
    long sectors = Math.min(MAX_LOOKUP_SECTORS, lengthBytes / 512);
    map.lookup(
        offsetBytes / 512,
        sectors,
        new LookupHandler() {
          private final Set<FrameRef> missing = new LinkedHashSet<>();

          @Override
          public void extent(Extent piece) {
            if (!piece.isZeroes()) {
              FrameRef ref = FrameRef.of(piece);
              if (!cache.contains(ref)) {
                missing.add(ref);
              }
            }
          }

          @Override
          public void done() {
            fetcher.fetch(missing, RequestPurpose.READ_AHEAD, null);
          }

          @Override
          public void failed(DeviceException failure) {
            // Whoever reads the range hears of it then.
          }
        });
  }

  /** One read: its gaps are looked up, then its missing frames fetched. */
  private final class PendingRead
      implements IntervalMap.Pieces<DirtyRange>, LookupHandler, FrameFetcher.Waiter {
    private final long firstSector;
    private final MemorySegment buffer;
    private final Consumer<IoStatus> done;
    private final List<long[]> gaps = new ArrayList<>(1);
    private final Map<FrameRef, List<Extent>> missing = new LinkedHashMap<>();
    private int lookups;
    private int fetches;
    private IoStatus status = IoStatus.OK;

    PendingRead(long firstSector, MemorySegment buffer, Consumer<IoStatus> done) {
      this.firstSector = firstSector;
      this.buffer = buffer;
      this.done = done;
    }

    void start(long sectors) {
      dirty.lookup(firstSector, sectors, this);
      lookups = gaps.size() + 1;
      for (long[] gap : gaps) {
        map.lookup(gap[0], gap[1], this);
      }
      lookupEnded();
    }

    @Override
    public void piece(DirtyRange piece) {
      MemorySegment target = target(piece.sector(), piece.sectorCount());
      if (piece.isZeroes()) {
        target.fill((byte) 0);
      } else {
        copyFromLog(piece, target);
      }
    }

    @Override
    public void gap(long sector, long sectorCount) {
      gaps.add(new long[] {sector, sectorCount});
    }

    @Override
    public void extent(Extent piece) {
      if (piece.isZeroes()) {
        target(piece.sector(), piece.sectorCount()).fill((byte) 0);
        return;
      }
      FrameRef ref = FrameRef.of(piece);
      if (!cache.read(ref, piece.sectorInFrame() * 512L, target(piece))) {
        missing.computeIfAbsent(ref, _ -> new ArrayList<>(1)).add(piece);
      }
    }

    @Override
    public void done() {
      lookupEnded();
    }

    @Override
    public void failed(DeviceException failure) {
      boolean damaged = failure instanceof DeviceException.Corrupt;
      LOG.error(
          "{}: {}the map can't be read for {} sectors at sector {}: {}",
          identity.where(),
          damaged ? "CORRUPT: " : "",
          buffer.byteSize() / 512,
          firstSector,
          failure.getMessage());
      worsen(damaged ? IoStatus.CORRUPT : IoStatus.UNAVAILABLE);
      lookupEnded();
    }

    private void lookupEnded() {
      if (--lookups > 0) {
        return;
      }
      fetches = missing.size();
      if (fetches == 0) {
        end();
      } else {
        fetcher.fetch(missing.keySet(), RequestPurpose.READ, this);
      }
    }

    @Override
    public void frame(FrameRef ref, MemorySegment data) {
      for (Extent piece : piecesOf(ref)) {
        copyFromFrame(piece, data);
      }
      fetchEnded();
    }

    @Override
    public void failed(FrameRef ref, IoStatus failure) {
      worsen(failure);
      if (failure == IoStatus.CORRUPT) {
        LOG.error(
            "{}: sectors {} of the read are lost", identity.where(), piecesOf(ref).getFirst());
      }
      fetchEnded();
    }

    private List<Extent> piecesOf(FrameRef ref) {
      List<Extent> pieces = missing.get(ref);
      return pieces == null ? List.of() : pieces;
    }

    private void fetchEnded() {
      if (--fetches == 0) {
        end();
      }
    }

    private void end() {
      if (status == IoStatus.CORRUPT) {
        corrupt++;
      }
      done.accept(status);
    }

    private MemorySegment target(Extent piece) {
      return target(piece.sector(), piece.sectorCount());
    }

    private MemorySegment target(long sector, long sectorCount) {
      return buffer.asSlice((sector - firstSector) * 512, sectorCount * 512);
    }

    private void worsen(IoStatus failure) {
      // Corrupt is worth more than a failure that a retry may mend.
      if (status != IoStatus.CORRUPT) {
        status = failure;
      }
    }

    private void copyFromFrame(Extent piece, MemorySegment data) {
      if (!FrameRef.copy(piece, data, target(piece))) {
        LOG.error(
            "{}: CORRUPT: the frame that {} names has {} bytes",
            identity.where(),
            piece,
            data.byteSize());
        worsen(IoStatus.CORRUPT);
      }
    }

    private void copyFromLog(DirtyRange piece, MemorySegment target) {
      try {
        boolean whole = target.byteSize() == piece.payloadLength();
        MemorySegment payload = whole ? target : scratch.asSlice(0, piece.payloadLength());
        log.read(piece.position(), 0, payload);
        var crc = new CRC32C();
        crc.update(payload.asByteBuffer());
        if ((int) crc.getValue() != piece.payloadCrc()) {
          LOG.error(
              "{}: CORRUPT: the log's record {} at position {} fails its checksum: {} sectors at"
                  + " sector {}",
              identity.where(),
              piece.lsn(),
              piece.position(),
              piece.sectorCount(),
              piece.sector());
          worsen(IoStatus.CORRUPT);
        } else if (!whole) {
          MemorySegment.copy(payload, piece.offsetInPayload(), target, 0, target.byteSize());
        }
      } catch (LogException e) {
        LOG.error(
            "{}: CORRUPT: the log's record {} can't be read: {} sectors at sector {}: {}",
            identity.where(),
            piece.lsn(),
            piece.sectorCount(),
            piece.sector(),
            e.getMessage());
        worsen(IoStatus.CORRUPT);
      }
    }
  }
}
