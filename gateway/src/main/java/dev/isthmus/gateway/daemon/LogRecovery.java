package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.OperatorNeededException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a volume on another log while its hosts stay connected: everything goes to the bucket first,
 * then the volume is closed, and opened over a new log. What can't be brought there is only given
 * up by an operator's word. Threading: the caller holds the volume's lock; blocks.
 */
final class LogRecovery {

  private static final Logger LOG = LoggerFactory.getLogger(LogRecovery.class);

  /** How long one call waits for the bucket; uploads go on after it, and the next call waits on. */
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(60);

  private final Catalogue catalogue;
  private final DeviceOpener opener;
  private final Consumer<ManagedVolume> export;
  private final BooleanSupplier stopping;

  /**
   * @param export shows a volume that was opened to its hosts
   * @param stopping whether the daemon ends: nothing is opened any more then
   */
  LogRecovery(
      Catalogue catalogue,
      DeviceOpener opener,
      Consumer<ManagedVolume> export,
      BooleanSupplier stopping) {
    this.catalogue = catalogue;
    this.opener = opener;
    this.export = export;
    this.stopping = stopping;
  }

  /** One recovery: where the log lay and will lie, and what may be lost. */
  private record Plan(ManagedVolume volume, StorageUri before, StorageUri after, String takeover) {
    boolean isMove() {
      return !before.equals(after);
    }

    Plan withoutTakeover() {
      return new Plan(volume, before, after, "");
    }
  }

  /**
   * Recovers.
   *
   * @param logDirectory where the new log goes; empty for where the old one is
   * @param takeover what may be lost if the log can't be read: {@code lossy}, {@code unflushed}, or
   *     empty
   * @param givenUp ends when nobody waits for it any more: until the volume is closed for it, all
   *     stays as it is then
   * @return what the operator should know
   */
  List<String> recover(
      ManagedVolume volume, String logDirectory, String takeover, CompletableFuture<?> givenUp) {
    requireGoingOn("and nothing has changed");
    StorageUri before = StorageUri.parse(volume.entry.uri());
    String name = volume.entry.name();
    if (!opener.isBucket(before)) {
      throw new DeviceException.Invalid("volume " + name + " is not in a bucket: it has no log");
    }
    volume.requireIdle();
    var plan = new Plan(volume, before, opener.withLogDirectory(before, logDirectory), takeover);
    Path from = opener.logDirectory(plan.before());
    Path to = opener.requireLogDirectory(plan.after());
    DeviceException old = volume.device == null && plan.isMove() ? openWhereItWas(plan) : null;
    BlockDevice device = volume.device;
    if (device instanceof ObjectVolume open) {
      boolean lossAgreed = drain(plan, open, givenUp);
      requireGoingOn("and nothing has changed");
      remember(volume, plan.after());
      close(plan, open, lossAgreed);
      requireGoingOn("and the volume is closed: the next start opens it over a new log");
      openAgain(plan);
    } else {
      openElsewhere(plan, old);
    }
    return warnings(plan, from, to);
  }

  /**
   * A volume that is not open may only want for the word; its log is looked at first.
   *
   * @return why it can't be opened there; null if it is open now
   */
  private @Nullable DeviceException openWhereItWas(Plan plan) {
    try {
      // Whoever names another place has not asked for a new log in this one.
      var _ = opener.requireMadeLogDirectory(plan.before());
      plan.volume().opened(opener.open(plan.before()));
      export.accept(plan.volume());
      return null;
    } catch (DeviceException.Unavailable | DeviceException.Corrupt | DeviceException.Exhausted e) {
      LOG.warn(
          "volume {} can't be opened over its old log: {}",
          plan.volume().entry.name(),
          e.getMessage());
      return e;
    }
  }

  /**
   * @param old why it can't be opened over its old log; null if that was not tried
   */
  private void openElsewhere(Plan plan, @Nullable DeviceException old) {
    // A log that is whole on a full disk is given up by no word: there is a way to keep it.
    Plan tried = old instanceof DeviceException.Exhausted ? plan.withoutTakeover() : plan;
    remember(plan.volume(), plan.after());
    try {
      openAgain(tried);
    } catch (DeviceException e) {
      DeviceException told = withOld(e, old);
      if (tried.takeover().isEmpty()) {
        // The old place may only be not mounted: what retries by itself goes on to look there.
        remember(plan.volume(), plan.before());
      }
      if (told != e) {
        plan.volume().failed(told);
      }
      throw told;
    }
  }

  /** That a log is not in the new place says nothing of the one in the old place. */
  private static DeviceException withOld(DeviceException e, @Nullable DeviceException old) {
    if (old == null || !isOperatorNeeded(e) || isOperatorNeeded(old)) {
      return e;
    }
    if (old instanceof DeviceException.Exhausted) {
      return old;
    }
    return OperatorAdvice.after(
        "over its old log the volume can't be opened now: " + old.getMessage() + ". Without it: ",
        e);
  }

  private static boolean isOperatorNeeded(DeviceException e) {
    return e.getCause() instanceof OperatorNeededException;
  }

  /** Returns whether something that only the log has is given up. */
  private boolean drain(Plan plan, ObjectVolume open, CompletableFuture<?> givenUp) {
    String name = plan.volume().entry.name();
    DeviceState state = open.state();
    if (state.kind() == DeviceState.Kind.FENCED) {
      throw new DeviceException.Fenced("volume " + name + ": " + state.reason());
    }
    if (!open.isLogFailed() && state.kind() != DeviceState.Kind.FAILED && !plan.isMove()) {
      throw new DeviceException.Invalid(
          "the log of volume "
              + name
              + " works, there is nothing to recover; --log-dir DIR moves it to another disk");
    }
    try {
      await(open.drain(DRAIN_LIMIT), givenUp);
      return false;
    } catch (DeviceException.Corrupt e) {
      if (plan.takeover().isEmpty()) {
        throw new DeviceException.Corrupt(
            e.getMessage()
                + ". The bucket has all before it. --takeover=lossy goes on from there with"
                + " everything newer lost (hosts see another disk; the log is kept), until then"
                + " the volume stays as it is",
            e);
      }
      LOG.warn("volume {}: given up by takeover={}: {}", name, plan.takeover(), e.getMessage());
      return true;
    } catch (DeviceException.Unavailable e) {
      String advice =
          open.state().kind() == DeviceState.Kind.FAILED
              ? ". Restart the daemon: it opens the volume from what log and bucket hold"
              : ". It goes on, and the volume stays as it is: try again";
      throw new DeviceException.Unavailable(e.getMessage() + advice, e);
    }
  }

  private static void await(CompletableFuture<Void> done, CompletableFuture<?> givenUp) {
    try {
      CompletableFuture.anyOf(done, givenUp).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof DeviceException known
          ? known
          : new DeviceException.Internal("a defect: " + e.getCause(), e);
    }
    if (!done.isDone()) {
      throw new DeviceException.Unavailable("the call was given up before all was in the bucket");
    }
  }

  /** A volume that were opened now would not be closed in time. */
  private void requireGoingOn(String state) {
    if (stopping.getAsBoolean()) {
      throw new DeviceException.Unavailable("the daemon stops, " + state);
    }
  }

  /** Before anything is closed: a crash must not look for the new log in the old place. */
  private void remember(ManagedVolume volume, StorageUri uri) {
    CatalogueEntry entry = volume.entry.withUri(opener.remembered(uri));
    if (!entry.equals(volume.entry)) {
      catalogue.put(entry);
      volume.entry = entry;
    }
  }

  private void close(Plan plan, ObjectVolume open, boolean lossAgreed) {
    ManagedVolume volume = plan.volume();
    ReplaceableDevice front = volume.front;
    if (front != null) {
      front.suspend("its log is being replaced");
    }
    String why = "";
    try {
      volume.closeDevice();
    } catch (RuntimeException e) {
      why = ": " + e.getMessage();
    }
    if (lossAgreed || open.summary().cleanlyClosed()) {
      return;
    }
    // Something is in the old log alone after all, so that one has to be opened again.
    remember(volume, plan.before());
    requireGoingOn("and the volume is closed: the next start opens it over its old log" + why);
    backOverTheOldLog(plan, why);
  }

  /** Never returns: what was asked for is not done in any case. */
  private void backOverTheOldLog(Plan plan, String why) {
    ManagedVolume volume = plan.volume();
    String begin = "the bucket could not be reached to the end, so volume " + volume.entry.name();
    try {
      openAgain(new Plan(volume, plan.before(), plan.before(), ""));
    } catch (DeviceException.Unavailable e) {
      if (isOperatorNeeded(e)) {
        throw e;
      }
      var told =
          new DeviceException.Unavailable(
              begin
                  + " is closed, and its hosts wait. What the bucket does not have is in its old log"
                  + " in "
                  + opener.logDirectory(plan.before())
                  + "; it is opened over that one by itself when the bucket can be reached: "
                  + e.getMessage(),
              e);
      volume.failed(told);
      throw told;
    }
    throw new DeviceException.Unavailable(begin + " is open over its old log again" + why);
  }

  private void openAgain(Plan plan) {
    ManagedVolume volume = plan.volume();
    try {
      volume.opened(opener.open(DeviceOpener.withTakeover(plan.after(), plan.takeover())));
      export.accept(volume);
    } catch (RuntimeException e) {
      String place = plan.isMove() ? opener.logDirectory(plan.after()).toString() : "";
      DeviceException told =
          OperatorAdvice.told(e, OperatorAdvice.target(volume.entry.name(), "", place));
      volume.failed(told);
      throw told;
    }
  }

  private static List<String> warnings(Plan plan, Path from, Path to) {
    var warnings = new ArrayList<String>();
    warnings.add(oldLog(plan, from));
    try {
      if (Files.exists(from) && Files.getFileStore(from).equals(Files.getFileStore(to))) {
        warnings.add(
            "the new log in "
                + to
                + " is on the file system of the old one, "
                + Files.getFileStore(to)
                + ": if that disk failed, --log-dir puts it on another");
      }
    } catch (IOException e) {
      LOG.debug("volume {}: {}", plan.volume().entry.name(), e.getMessage());
    }
    return warnings;
  }

  private static String oldLog(Plan plan, Path from) {
    BlockDevice device = plan.volume().device;
    Path old = device == null ? from : from.resolve(device.info().identity().uuid().toString());
    if (!Files.exists(old)) {
      return "the old log was in " + old + ", which is not there now";
    }
    return plan.isMove()
        ? "the old log stays in " + old + ", and nothing deletes it; `isthmus log list` shows it"
        : "the old log is kept beside the new one in " + old + ", set aside";
  }
}
