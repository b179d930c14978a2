package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.Rereads;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads a volume's chain of segments and fences from a position on to its present end, a few slots
 * ahead (docs/FORMAT.md, "Reading the chain"). Only the store's word that a slot is absent ends the
 * chain; any other failure fails the read. Threading: confined to the opener; blocks.
 */
final class ChainReader {

  /**
   * Most slots asked for at once: hides the latency of the ranged reads of an open. It begins with
   * one and doubles with each that is there, since after an orderly close there is none.
   */
  private static final int MAX_READ_AHEAD = 8;

  /**
   * Bytes of the first read of a slot: header and table of an 8 MiB segment of 4 KiB writes take 82
   * KiB; a larger table costs a second read.
   */
  private static final int FIRST_READ_BYTES = 96 << 10;

  /**
   * Deadline of a request for a slot. Where an owner went silent in the middle of a PUT, MinIO
   * keeps the key locked, and all who ask for it waiting, for 30 s (measured): it is to outlast
   * that.
   */
  private static final long SLOT_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final ObjectStore store;
  private final Waiter waiter;
  private final String keyPrefix;
  private final UUID volume;
  private final String where;
  private final RequestOptions options;

  /**
   * @param purpose what its requests are counted under
   */
  ChainReader(
      ObjectStore store,
      Waiter waiter,
      String keyPrefix,
      UUID volume,
      String where,
      RequestPurpose purpose) {
    this.options = slotOptions(purpose);
    this.store = store;
    this.waiter = waiter;
    this.keyPrefix = keyPrefix;
    this.volume = volume;
    this.where = where;
  }

  /** How an opener asks for a slot, or puts its fence there. */
  static RequestOptions slotOptions(RequestPurpose purpose) {
    return RequestOptions.of(purpose).withTimeoutNanos(SLOT_TIMEOUT_NANOS);
  }

  /** One object of the chain. */
  record Link(SegmentHeader header, List<SegmentEntry> entries) {
    boolean isFence() {
      return header.kind() == SegmentHeader.FENCE;
    }
  }

  /** Takes the chain's data segments in order. */
  interface Sink {
    void segment(Link link);

    /** After each segment and fence: whether to read on behind {@code position}. */
    default boolean readOn(ChainPosition position) {
      return true;
    }
  }

  /**
   * Reads on from {@code from} to the first absent slot, or as far as {@code sink} wants.
   *
   * @param newestEpoch no fence may have an epoch above: a newer owner there is a {@link
   *     DeviceException.Fenced}
   * @return the position there
   */
  ChainPosition read(ChainPosition from, long newestEpoch, Sink sink) {
    ChainPosition position = from;
    Deque<CompletableFuture<@Nullable StoredObject>> ahead = new ArrayDeque<>();
    long askedFor = position.nextSequence();
    int window = 1;
    while (true) {
      while (ahead.size() < window) {
        ahead.add(head(askedFor++));
      }
      StoredObject object = Futures.await(waiter, where, ahead.remove());
      if (object == null) {
        return position;
      }
      window = Math.min(MAX_READ_AHEAD, 2 * window);
      Link link = parse(position.nextSequence(), object);
      check(position, link, newestEpoch);
      if (!link.isFence()) {
        sink.segment(link);
      }
      position = position.after(link.header());
      if (!sink.readOn(position)) {
        return position;
      }
      if (link.isFence()) {
        // The slots asked for ahead are dead.
        ahead.clear();
        askedFor = position.nextSequence();
      }
    }
  }

  /** What lies at one slot, or null. */
  @Nullable Link at(long sequence) {
    StoredObject object = Futures.await(waiter, where, head(sequence));
    return object == null ? null : parse(sequence, object);
  }

  private CompletableFuture<@Nullable StoredObject> head(long sequence) {
    return store
        .get(
            keyPrefix + Keys.segment(volume, sequence),
            ByteRange.span(0, FIRST_READ_BYTES),
            options)
        .<@Nullable StoredObject>thenApply(object -> object)
        .exceptionallyCompose(failure ->
            Futures.cause(failure) instanceof StoreException.NotFound
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(failure));
  }

  /** What fails its checks is read again before it counts as damaged. */
  private Link parse(long sequence, StoredObject object) {
    StoredObject read = object;
    for (int reads = 1; ; reads++) {
      try {
        return parseOnce(sequence, read);
      } catch (DeviceException.Corrupt damaged) {
        StoredObject again =
            reads == Rereads.MOST ? null : Futures.await(waiter, where, head(sequence));
        if (again == null) {
          throw damaged;
        }
        read = again;
      }
    }
  }

  private Link parseOnce(long sequence, StoredObject object) {
    try {
      MemorySegment bytes = object.body();
      SegmentHeader header = SegmentHeader.decode(bytes, volume, sequence);
      if (header.totalLength() != object.objectLengthBytes()) {
        throw new FormatException("the object is not as long as its header says");
      }
      long needed = SegmentHeader.BYTES + (long) header.tableBytes();
      if (bytes.byteSize() < needed) {
        bytes =
            Futures.await(
                    waiter,
                    where,
                    store.get(
                        keyPrefix + Keys.segment(volume, sequence),
                        ByteRange.span(0, Math.toIntExact(needed)),
                        options))
                .body();
      }
      return new Link(header, header.decodeTable(bytes));
    } catch (FormatException e) {
      throw new DeviceException.Corrupt(
          where + ": object " + Keys.segment(volume, sequence) + ": " + e.getMessage(), e);
    }
  }

  private void check(ChainPosition position, Link link, long newestEpoch) {
    SegmentHeader header = link.header();
    if (link.isFence() && header.epoch() > newestEpoch) {
      throw new DeviceException.Fenced(
          where + " was opened by another gateway (epoch " + header.epoch() + ")");
    }
    String flaw = header.flawAfter(position.epoch(), position.writer(), position.lastLsn());
    if (flaw != null) {
      throw new DeviceException.Corrupt(
          where + ": " + flaw + " in object " + Keys.segment(volume, header.sequence()));
    }
  }
}
