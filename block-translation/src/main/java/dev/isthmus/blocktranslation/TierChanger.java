package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes the {@link Tiers} of a volume that is in use, in the order of
 * docs/adr/0009-tiers-change-online.md.
 *
 * <p>Whoever opens the volume after a crash believes what the manifest says of everything that
 * completed before. So the volume keeps to the old and to the new tiers at once; then what
 * completed under weaker ones is forced or uploaded; only then the manifest names the new ones; and
 * only when it does the old ones are let go. A step that fails leaves both in force. Threading:
 * confined to the volume's loop.
 */
final class TierChanger {

  private static final Logger LOG = LoggerFactory.getLogger(TierChanger.class);

  /** What the rest of the volume has to do with it. Called on the loop. */
  interface Owner {
    /** Why changes of the disk are refused now, or OK. */
    IoStatus writable();

    /** Whether the log failed, so that nothing completes by it any more. */
    boolean isLogFailed();

    /** What is kept to now. */
    Tiers tiers();

    /** Keeps to {@code tiers} from now on. */
    void keepTo(Tiers tiers);

    /** Whether hosts that look are told of a volatile write cache. */
    boolean isCacheAnnounced();

    /** Tells hosts that look from now on of a volatile write cache, or of none. */
    void announceCache(boolean isVolatile);

    /** The newest change of the disk. */
    long lastLsn();
  }

  private final String where;
  private final EngineLoop loop;
  private final Durability durability;
  private final SegmentUploader uploader;
  private final OwnedManifest manifest;
  private final Nonces nonces;
  private final Owner owner;
  private @Nullable CompletableFuture<Tiers> underWay;

  TierChanger(
      String where,
      EngineLoop loop,
      Durability durability,
      SegmentUploader uploader,
      OwnedManifest manifest,
      Nonces nonces,
      Owner owner) {
    this.where = where;
    this.loop = loop;
    this.durability = durability;
    this.uploader = uploader;
    this.manifest = manifest;
    this.nonces = nonces;
    this.owner = owner;
  }

  /**
   * Begins a change.
   *
   * @param hostsConnected asked once the disk announces a volatile write cache where it had none,
   *     before it has one
   * @param result completes with what is in force then; cancelling it ends the change at the next
   *     step
   */
  void change(TierChange wish, BooleanSupplier hostsConnected, CompletableFuture<Tiers> result) {
    Tiers wanted;
    try {
      wanted = check(wish);
      announce(wanted, hostsConnected);
    } catch (RuntimeException e) {
      // A caller that can't answer has changed nothing either.
      result.completeExceptionally(e);
      return;
    }
    underWay = result;
    LOG.info("{}: from {} to {}", where, owner.tiers(), wanted);
    owner.keepTo(owner.tiers().and(wanted));
    Futures.then(
        loop,
        madeTrue(wanted, result)
            .thenComposeAsync(any -> record(wanted, result), loop)
            .thenAcceptAsync(stored -> recorded(wanted, result), loop),
        (done, failure) -> ended(wanted, result, failure));
  }

  private Tiers check(TierChange wish) {
    if (underWay != null) {
      throw new DeviceException.Unavailable(
          where + ": another change of its tiers has not ended yet; try again");
    }
    IoStatus writable = owner.writable();
    if (writable == IoStatus.FENCED) {
      throw new DeviceException.Fenced(where + " belongs to another gateway now");
    }
    if (writable != IoStatus.OK) {
      throw new DeviceException.Unavailable(
          where + " takes no changes (" + writable + "), and its tiers stay as they are");
    }
    if (owner.isLogFailed()) {
      throw new DeviceException.Unavailable(
          where + ": its log failed, and its tiers stay as they are until it has another");
    }
    Tiers wanted = wish.applyTo(owner.tiers());
    if (!wanted.rpo().isOneLimit()) {
      throw new DeviceException.Invalid(
          where
              + ": an earlier change of rpo did not finish, and "
              + wanted.rpo()
              + " are in force: say rpo too");
    }
    return wanted;
  }

  /**
   * A disk that had no volatile cache is sent no flushes, and a host asks once, when it connects.
   * The new announcement comes first and the question after it, so that a host that connects
   * between the two has heard of the cache.
   */
  private void announce(Tiers wanted, BooleanSupplier hostsConnected) {
    if (!wanted.needFlushes() || owner.isCacheAnnounced()) {
      return;
    }
    owner.announceCache(true);
    if (hostsConnected.getAsBoolean()) {
      owner.announceCache(false);
      throw new DeviceException.Invalid(
          where
              + ": hosts are connected that were told of no volatile write cache, so they send no"
              + " flushes, and with "
              + wanted
              + " they would have to. Unpublish the volume first; nothing was changed");
    }
  }

  /** Makes what the new tiers say true of what completed before, as far as the old did not. */
  private CompletableFuture<Boolean> madeTrue(Tiers wanted, CompletableFuture<Tiers> result) {
    // Not what is in force: a change that broke off may have left that ahead of the truth.
    Tiers recorded = manifest.current().tiers();
    long lsn = owner.lastLsn();
    var local = CompletableFuture.completedFuture(IoStatus.OK);
    if (wanted.ack() == Tier.LOCAL_DURABLE && recorded.ack() != Tier.LOCAL_DURABLE) {
      local = durability.whenLocal(lsn);
    }
    var uploaded = CompletableFuture.completedFuture(IoStatus.OK);
    if ((wanted.flush() == Tier.UPLOADED && recorded.flush() != Tier.UPLOADED)
        || wanted.rpo().holdsSoonerThan(recorded.rpo())) {
      uploaded = durability.whenUploaded(lsn);
      uploader.poke();
      CompletableFuture<IoStatus> waiting = uploaded;
      Futures.then(loop, result, (tiers, cancelled) -> waiting.cancel(false));
    }
    return local.thenCombine(uploaded, TierChanger::bothOk);
  }

  private static boolean bothOk(IoStatus local, IoStatus uploaded) {
    IoStatus worst = local == IoStatus.OK ? uploaded : local;
    if (worst != IoStatus.OK) {
      throw new DeviceException.Unavailable(
          "what completed before can't be "
              + (local == IoStatus.OK ? "uploaded" : "forced to the disk")
              + " ("
              + worst
              + ")");
    }
    return true;
  }

  private CompletableFuture<Manifest> record(Tiers wanted, CompletableFuture<Tiers> result) {
    throwIfCancelled(result);
    Manifest now = manifest.current();
    return manifest.isCertain() && now.tiers().equals(wanted)
        ? CompletableFuture.completedFuture(now)
        : manifest.replace(m -> m.withTiers(nonces.nextHex128(), wanted));
  }

  private void recorded(Tiers wanted, CompletableFuture<Tiers> result) {
    throwIfCancelled(result);
    owner.keepTo(wanted);
    if (!wanted.needFlushes()) {
      owner.announceCache(false);
    }
  }

  private static void throwIfCancelled(CompletableFuture<Tiers> result) {
    if (result.isDone()) {
      throw new CancellationException("it was given up");
    }
  }

  private void ended(Tiers wanted, CompletableFuture<Tiers> result, @Nullable Throwable failure) {
    underWay = null;
    if (failure == null) {
      LOG.info("{}: {}", where, wanted);
      result.complete(wanted);
      return;
    }
    Throwable cause = Futures.cause(failure);
    String message =
        where
            + ": the change to "
            + wanted
            + " did not finish: "
            + (cause.getMessage() == null ? "it was given up" : cause.getMessage())
            + ". "
            + standing()
            + " Ask for it again to finish it";
    LOG.warn("{}", message);
    result.completeExceptionally(
        cause instanceof DeviceException.Fenced
            ? cause
            : new DeviceException.Unavailable(message, cause));
  }

  /** What holds after a change that did not finish. On the loop. */
  private String standing() {
    return owner.tiers()
        + " are in force here, the strictest of both; the bucket "
        + (manifest.isCertain() ? "says " : "may say ")
        + manifest.current().tiers()
        + ".";
  }

  /** The volume is closed: nobody hears of a step that ends later. */
  void close() {
    if (underWay != null) {
      underWay.completeExceptionally(
          new DeviceException.Unavailable(
              where + " was closed before the change of its tiers was done"));
    }
  }
}
