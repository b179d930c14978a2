package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.TierChange;
import dev.isthmus.blocktranslation.Tiers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** Waits for a change of a volume's tiers, and gives it up in time. Stateless. */
final class TierSetter {

  /** A full log of 1 GiB takes as long at 18 MB/s; longer than that nobody looks at a terminal. */
  private static final long LIMIT_SECONDS = 60;

  private TierSetter() {}

  /**
   * Changes the tiers; blocks.
   *
   * @param givenUp ends when nobody waits for it any more: the change is given up then
   * @throws DeviceException saying what is in force then
   */
  static void set(
      ObjectVolume volume,
      TierChange change,
      BooleanSupplier hostsConnected,
      CompletableFuture<?> givenUp) {
    CompletableFuture<Tiers> done = volume.setTiers(change, hostsConnected);
    try {
      CompletableFuture.anyOf(done, givenUp).get(LIMIT_SECONDS, TimeUnit.SECONDS);
      if (!done.isDone()) {
        throw givenUp(volume, done, "was cancelled");
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof DeviceException known
          ? known
          : new DeviceException.Internal("a defect: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw givenUp(volume, done, "was not done after " + LIMIT_SECONDS + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw givenUp(volume, done, "was cancelled");
    }
  }

  private static DeviceException givenUp(
      ObjectVolume volume, CompletableFuture<Tiers> done, String what) {
    done.cancel(false);
    return new DeviceException.Unavailable(
        "the change of tiers "
            + what
            + "; the newest write is "
            + volume.positions().appliedLsn()
            + ", the newest in the bucket "
            + volume.positions().uploadedLsn()
            + ". In force are "
            + volume.tiers()
            + ", the strictest of old and new; the bucket says "
            + volume.summary().tiers()
            + ". Ask for it again to finish it");
  }
}
