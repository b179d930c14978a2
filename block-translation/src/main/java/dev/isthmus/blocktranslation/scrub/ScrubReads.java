package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.map.PageSource;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The scrub's way to the bucket: paced, patient with outages, and ended by a cancel at every wait.
 * Threading: confined to the scrub's thread, but for what {@link #pages} reads again.
 */
final class ScrubReads {

  private static final RequestOptions OPTIONS =
      RequestOptions.of(RequestPurpose.SCRUB).withTimeoutNanos(TimeUnit.MINUTES.toNanos(2));

  /** How long between tries while the bucket can't be reached. */
  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** An outage after which the scrub gives up: somebody will have to look. */
  private static final long MAX_OUTAGE_NANOS = TimeUnit.MINUTES.toNanos(30);

  /** Longest sleep without a look whether the scrub goes on. */
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Asked at every wait: returns when the scrub may go on, throws when it may not. */
  interface Gate {
    void pass();

    void waiting(@Nullable String why);
  }

  /**
   * What a read came to: bytes, damage that let none through, or neither where there is no object.
   */
  record Fetched(@Nullable StoredObject object, @Nullable String damage) {
    static final Fetched ABSENT = new Fetched(null, null);

    boolean isAbsent() {
      return object == null && damage == null;
    }
  }

  private final ScrubTarget target;
  private final ScrubLedger ledger;
  private final RateLimit rate;
  private final Gate gate;
  private volatile @Nullable String absentPart;

  ScrubReads(ScrubTarget target, ScrubLedger ledger, RateLimit rate, Gate gate) {
    this.target = target;
    this.ledger = ledger;
    this.rate = rate;
    this.gate = gate;
  }

  String fullKey(String key) {
    return target.keyPrefix() + key;
  }

  /** A read of a whole object that was sent, and how many bytes were paid for. */
  record Sent(String key, long expectedBytes, CompletableFuture<StoredObject> read) {}

  /** Sends a read of a whole object, which {@link #finish} waits for. */
  Sent start(String key, long expectedBytes) {
    pace();
    debit(expectedBytes);
    // By range: a store that checks whole objects keeps back the bytes of one that fails, and with
    // them what is still good in it.
    return new Sent(
        key,
        expectedBytes,
        target.store().get(fullKey(key), ByteRange.span(0, ObjectStore.MAX_OBJECT_BYTES), OPTIONS));
  }

  /** Reads a whole object. */
  Fetched read(String key, long expectedBytes) {
    return finish(start(key, expectedBytes));
  }

  /** Waits for a read, and sends it again as long as the bucket is out of reach. */
  Fetched finish(Sent sent) {
    CompletableFuture<StoredObject> read =
        patiently(sent.read(), () -> start(sent.key(), sent.expectedBytes()).read());
    Fetched fetched = fetched(read, failure(read));
    StoredObject object = fetched.object();
    if (object != null && object.body().byteSize() > sent.expectedBytes()) {
      rate.debitBytes(object.body().byteSize() - sent.expectedBytes(), target.host().nanoTime());
    }
    return fetched;
  }

  /**
   * Waits for a request, and makes it again as long as the bucket is out of reach.
   *
   * @return the last one, which is done, and did not fail by that
   * @throws DeviceException.Unavailable if the bucket does not come back in time
   */
  private <T> CompletableFuture<T> patiently(
      CompletableFuture<T> first, Supplier<CompletableFuture<T>> again) {
    CompletableFuture<T> request = first;
    long outageNanos = 0; // time that nobody paused it for
    while (true) {
      long sentNanos = target.host().nanoTime();
      target.host().untilDone(request);
      outageNanos += target.host().nanoTime() - sentNanos + RETRY_NANOS;
      gate.pass();
      if (!(failure(request) instanceof StoreException.Unavailable out)) {
        gate.waiting(null);
        return request;
      }
      if (outageNanos > MAX_OUTAGE_NANOS) {
        throw new DeviceException.Unavailable(message(out), out);
      }
      gate.waiting(String.valueOf(out.getMessage()));
      sleep(RETRY_NANOS);
      request = again.get();
    }
  }

  private Fetched fetched(CompletableFuture<StoredObject> read, @Nullable Throwable failure) {
    return switch (failure) {
      case null -> new Fetched(read.join(), null);
      case StoreException.NotFound e -> Fetched.ABSENT;
      case StoreException.Corrupt e -> new Fetched(null, String.valueOf(e.getMessage()));
      case StoreException.OutOfRange e -> new Fetched(null, "the object is empty");
      case StoreException.Internal e -> throw new DeviceException.Internal(message(e), e);
      case StoreException.Invalid e -> throw new DeviceException.Invalid(message(e), e);
      case StoreException e -> throw new DeviceException.Unavailable(message(e), e);
      default -> throw new DeviceException.Internal(message(failure), failure);
    };
  }

  private String message(Throwable failure) {
    return target.where() + ": " + failure.getMessage();
  }

  private static @Nullable Throwable failure(CompletableFuture<?> done) {
    try {
      done.join();
      return null;
    } catch (CompletionException e) {
      return e.getCause() == null ? e : e.getCause();
    }
  }

  /** One page of a listing below the volume, waited for as reads are. */
  ListPage list(@Nullable String continuation) {
    CompletableFuture<ListPage> page =
        patiently(startList(continuation), () -> startList(continuation));
    return switch (failure(page)) {
      case null -> page.join();
      case StoreException.Invalid e -> throw new DeviceException.Invalid(message(e), e);
      case StoreException e -> throw new DeviceException.Unavailable(message(e), e);
      case Throwable e -> throw new DeviceException.Internal(message(e), e);
    };
  }

  private CompletableFuture<ListPage> startList(@Nullable String continuation) {
    pace();
    debit(0);
    return target
        .store()
        .list(target.keyPrefix(), continuation, ObjectStore.MAX_LIST_KEYS, OPTIONS);
  }

  /** The map's pages, by range. {@link #absentPart} tells of one that is not there any more. */
  PageSource pages(UUID volume) {
    return (part, offsetBytes, lengthBytes) -> page(volume, part, offsetBytes, lengthBytes);
  }

  private CompletableFuture<MemorySegment> page(
      UUID volume, PartInfo part, long offsetBytes, int lengthBytes) {
    String key = Keys.run(volume, part.name().epoch(), part.name().nonce());
    debit(lengthBytes);
    return target
        .store()
        .get(fullKey(key), ByteRange.span(offsetBytes, lengthBytes), OPTIONS)
        .handle((object, thrown) -> {
          Throwable failure =
              thrown instanceof CompletionException e && e.getCause() != null
                  ? e.getCause()
                  : thrown;
          return switch (failure) {
            case null -> {
              ledger.done(lengthBytes);
              yield object.body();
            }
            case StoreException.NotFound e -> {
              absentPart = key;
              throw new DeviceException.Corrupt(message(e), e);
            }
            case StoreException.Corrupt e -> throw new DeviceException.Corrupt(message(e), e);
            case StoreException.OutOfRange e -> throw new DeviceException.Corrupt(message(e), e);
            default -> throw new DeviceException.Unavailable(message(failure), failure);
          };
        });
  }

  /** The part that the last walk did not find, and forgets it; null if it found all. */
  @Nullable String takeAbsentPart() {
    String key = absentPart;
    absentPart = null;
    return key;
  }

  private void debit(long bytes) {
    ledger.requested();
    rate.debit(bytes, target.host().nanoTime());
  }

  /** Waits until what was read is paid for. */
  void pace() {
    gate.pass();
    sleep(rate.delayNanos(target.host().nanoTime()));
  }

  /** Waits for a read; it ends by its deadline. */
  void await(CompletableFuture<?> read) {
    target.host().untilDone(read);
    gate.pass();
  }

  /** Waits while the bucket is out of reach. */
  void waitOut(String why, long nanos) {
    gate.waiting(why);
    sleep(nanos);
    gate.waiting(null);
  }

  void sleep(long nanos) {
    long untilNanos = target.host().nanoTime() + nanos;
    long leftNanos;
    while ((leftNanos = untilNanos - target.host().nanoTime()) > 0) {
      target.host().sleep(Math.min(SLICE_NANOS, leftNanos));
      gate.pass();
    }
  }
}
