package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ListedBytes;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.OperatorNeededException;
import dev.isthmus.blocktranslation.TierChange;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.gateway.daemon.CatalogueEntry.Publication;
import dev.isthmus.targets.nvme.HostAccess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes of this daemon: created, opened, published, deleted; found again after a restart.
 *
 * <p>Control calls on one volume follow each other, on different ones run side by side. Views never
 * wait. Threading: thread-safe; control calls block.
 */
public final class VolumeManager {

  private static final Logger LOG = LoggerFactory.getLogger(VolumeManager.class);

  /** How often {@link #sampleRequests} wants to be called. */
  public static final long SAMPLE_NANOS = RequestMeter.EVERY_NANOS;

  /** Volumes opened at one time at the start: each reads its map and log. */
  private static final int PARALLEL_OPENS = 4;

  private final Catalogue catalogue;
  private final DeviceOpener opener;
  private final Exports exports;
  private final HostAccess defaultHosts;
  private final LogRecovery recovery;

  /** Ends when the daemon does: whoever waits for a bucket then goes. */
  private final CompletableFuture<Void> stopping = new CompletableFuture<>();

  private final ConcurrentSkipListMap<String, ManagedVolume> volumes =
      new ConcurrentSkipListMap<>();

  /**
   * Knows the volumes of {@code catalogue}; {@link #openAll} opens them.
   *
   * @param defaultHosts who may connect to volumes that do not say their own
   */
  public VolumeManager(
      Catalogue catalogue, DeviceOpener opener, Exports exports, HostAccess defaultHosts) {
    this.catalogue = catalogue;
    this.opener = opener;
    this.exports = exports;
    this.defaultHosts = defaultHosts;
    this.recovery = new LogRecovery(catalogue, opener, this::exportAsRecorded, stopping::isDone);
    for (CatalogueEntry entry : catalogue.entries()) {
      volumes.put(entry.name(), new ManagedVolume(entry));
    }
  }

  /** Opens and publishes all of the catalogue. One that fails is logged, and stops no other. */
  public void openAll() {
    var permits = new Semaphore(PARALLEL_OPENS);
    var threads = new ArrayList<Thread>();
    for (ManagedVolume volume : volumes.values()) {
      threads.add(
          Thread.startVirtualThread(() -> {
            permits.acquireUninterruptibly();
            try {
              openAgain(volume);
            } finally {
              permits.release();
            }
          }));
    }
    Joins.untilAllEnded(threads);
  }

  /**
   * Tries again what failed because something could not be reached. What needs a person's word
   * waits for that, or until its log directory looks another way.
   */
  public void retryUnavailable() {
    for (ManagedVolume volume : volumes.values()) {
      DeviceException failure = volume.failure;
      if (volume.device == null
          && (failure instanceof DeviceException.Unavailable
              || failure instanceof DeviceException.Exhausted)
          && !waitsForAWord(volume, failure)) {
        openAgain(volume);
      }
    }
  }

  private boolean waitsForAWord(ManagedVolume volume, DeviceException failure) {
    return failure.getCause() instanceof OperatorNeededException
        && footprint(volume).equals(volume.refusedOver);
  }

  private String footprint(ManagedVolume volume) {
    CatalogueEntry entry = volume.entry;
    return LogFootprint.of(opener.logDirectory(StorageUri.parse(entry.uri())), entry.uuid());
  }

  private void openAgain(ManagedVolume volume) {
    volume.lock.lock();
    try {
      if (volume.gone || volume.device != null) {
        return;
      }
      StorageUri uri = StorageUri.parse(volume.entry.uri());
      volume.opened(opener.reopen(uri, volume.entry.uuid()));
      noteIdentity(volume);
      if (DeviceOpener.isEphemeral(uri)) {
        LOG.warn(
            "volume {} came back empty: {}:// keeps nothing", volume.entry.name(), uri.scheme());
      }
      exportAsRecorded(volume);
    } catch (RuntimeException | Error e) {
      volume.failed(OperatorAdvice.told(e, OperatorAdvice.target(volume.entry.name(), "", "")));
      volume.refusedOver =
          e.getCause() instanceof OperatorNeededException ? footprint(volume) : null;
    } finally {
      volume.lock.unlock();
    }
  }

  /** The next start opens this volume, and no other that it finds in its place. */
  private void noteIdentity(ManagedVolume volume) {
    CatalogueEntry before = volume.entry;
    UUID uuid = uuid(volume);
    if (!Objects.equals(uuid, before.uuid())) {
      try {
        catalogue.put(before.withUuid(uuid));
        volume.entry = before.withUuid(uuid);
      } catch (DeviceException e) {
        LOG.warn("volume {}: {}", before.name(), e.getMessage());
      }
    }
  }

  private static @Nullable UUID uuid(ManagedVolume volume) {
    return volume.device instanceof ObjectVolume inBucket
        ? inBucket.info().identity().uuid()
        : null;
  }

  private void exportAsRecorded(ManagedVolume volume) {
    Publication publication = volume.entry.publication();
    BlockDevice device = volume.device;
    if (publication == null || device == null) {
      return;
    }
    ReplaceableDevice front = volume.front;
    if (front == null || !volume.exported) {
      export(volume, device, publication.nqn(), hosts(publication));
    } else if (front.isSameDisk(device)) {
      front.resume(device);
    } else {
      LOG.warn(
          "volume {} went back in time: its hosts lose it and find another disk",
          volume.entry.name());
      withdraw(volume, publication.nqn());
      export(volume, device, publication.nqn(), hosts(publication));
    }
  }

  private void export(ManagedVolume volume, BlockDevice device, String nqn, HostAccess hosts) {
    var front = new ReplaceableDevice(device);
    exports.publish(nqn, hosts, front);
    volume.front = front;
    volume.exported = true;
  }

  private void withdraw(ManagedVolume volume, String nqn) {
    volume.withdrawn(exports.unpublish(nqn));
    ReplaceableDevice front = volume.front;
    if (front != null) {
      front.close();
    }
    volume.front = null;
    volume.exported = false;
  }

  private HostAccess hosts(Publication publication) {
    return publication.hostNqns().isEmpty()
        ? defaultHosts
        : new HostAccess.Only(new LinkedHashSet<>(publication.hostNqns()));
  }

  /** Creates a volume and opens it. */
  public VolumeView create(CreateRequest request) {
    StorageUri base = opener.locate(request.nameOrUri());
    StorageUri uri = DeviceOpener.with(base, request.options());
    return add(name(request.name(), base), uri, opener::create);
  }

  /**
   * Opens a volume: an existing one that this daemon does not have yet, or one of its own that
   * failed to open.
   *
   * @param takeover {@code lossy}, {@code unflushed}, or empty
   * @param logDirectory where its log lies or shall lie; empty for where it was, or the default
   * @param fencing what keeps owners apart from now on; empty for what its manifest says
   */
  public VolumeView open(
      String nameOrUri, String name, String takeover, String logDirectory, String fencing) {
    ManagedVolume known = VolumeNames.isUri(nameOrUri) ? null : volumes.get(nameOrUri);
    if (known != null) {
      return openKnown(known, takeover, logDirectory, fencing);
    }
    StorageUri base = opener.locate(nameOrUri);
    if (DeviceOpener.isEphemeral(base)) {
      throw new DeviceException.Invalid(
          base.scheme() + ":// has nothing to open: `isthmus volume create` makes one");
    }
    StorageUri uri = opener.withLogDirectory(base, logDirectory);
    try {
      return add(name(name, base), DeviceOpener.withWords(uri, takeover, fencing), opener::open);
    } catch (DeviceException e) {
      throw OperatorAdvice.told(e, OperatorAdvice.target(nameOrUri, name, logDirectory));
    }
  }

  /** The same, with owners kept apart as the manifest says. */
  public VolumeView open(String nameOrUri, String name, String takeover, String logDirectory) {
    return open(nameOrUri, name, takeover, logDirectory, "");
  }

  private VolumeView openKnown(
      ManagedVolume volume, String takeover, String logDirectory, String fencing) {
    volume.lock.lock();
    try {
      requireThere(volume);
      if (volume.device != null) {
        throw new DeviceException.Invalid("volume " + volume.entry.name() + " is open already");
      }
      StorageUri uri = opener.withLogDirectory(StorageUri.parse(volume.entry.uri()), logDirectory);
      openAsAsked(volume, uri, takeover, logDirectory, fencing);
      return volume.view();
    } finally {
      volume.lock.unlock();
    }
  }

  private void openAsAsked(
      ManagedVolume volume, StorageUri uri, String takeover, String logDirectory, String fencing) {
    try {
      volume.opened(
          takeover.isEmpty() && fencing.isEmpty()
              ? opener.openKnown(uri)
              : opener.open(DeviceOpener.withWords(uri, takeover, fencing)));
      rememberPlace(volume, uri);
      noteIdentity(volume);
      exportAsRecorded(volume);
    } catch (RuntimeException e) {
      DeviceException told =
          OperatorAdvice.told(e, OperatorAdvice.target(volume.entry.name(), "", logDirectory));
      if (volume.failure == null || !(told instanceof DeviceException.Invalid)) {
        volume.failed(told);
      } // else: wrong words say nothing of the volume, which is tried again as before
      throw told;
    }
  }

  /** Nothing was written yet: a place that can't be remembered is given up. */
  private void rememberPlace(ManagedVolume volume, StorageUri uri) {
    CatalogueEntry entry = volume.entry.withUri(opener.remembered(uri));
    if (entry.equals(volume.entry)) {
      return;
    }
    try {
      catalogue.put(entry);
      volume.entry = entry;
    } catch (DeviceException e) {
      volume.closeDevice();
      throw e;
    }
  }

  /** What a recovery made of a volume, and what its operator should know. */
  public record Recovered(VolumeView volume, List<String> warnings) {}

  /**
   * Goes on with a volume whose log failed over a new one; its hosts stay connected, and wait.
   *
   * @param logDirectory where the new log goes; empty for where the old one is
   * @param takeover what may be lost if the old one can't be read: {@code lossy}, {@code
   *     unflushed}, or empty
   * @param givenUp ends when the caller waits no more: before the old log is left, nothing has
   *     changed then
   */
  public Recovered recover(
      String name, String logDirectory, String takeover, CompletableFuture<?> givenUp) {
    ManagedVolume volume = find(name);
    volume.lock.lock();
    try {
      requireThere(volume);
      List<String> warnings =
          recovery.recover(
              volume, logDirectory, takeover, CompletableFuture.anyOf(givenUp, stopping));
      LOG.info("volume {} goes on over a new log", name);
      return new Recovered(volume.view(), warnings);
    } catch (RuntimeException e) {
      DeviceException told = OperatorAdvice.told(e, name);
      if (volume.device == null && volume.failure == null) {
        volume.failed(told);
      }
      throw told;
    } finally {
      volume.lock.unlock();
    }
  }

  private static String name(String given, StorageUri uri) {
    return given.isEmpty() ? VolumeNames.of(uri) : VolumeNames.require(given);
  }

  private VolumeView add(String name, StorageUri uri, Function<StorageUri, BlockDevice> open) {
    var volume = new ManagedVolume(new CatalogueEntry(name, opener.remembered(uri), null));
    volume.lock.lock();
    try {
      if (volumes.putIfAbsent(name, volume) != null) {
        throw new DeviceException.Invalid(
            "a volume is named " + name + " already: `isthmus volume show " + name + "`");
      }
      boolean done = false;
      try {
        volume.opened(open.apply(uri));
        volume.entry = volume.entry.withUuid(uuid(volume));
        catalogue.put(volume.entry);
        done = true;
        return volume.view();
      } finally {
        if (!done) {
          forget(volume);
          volume.closeDevice();
        }
      }
    } finally {
      volume.lock.unlock();
    }
  }

  private void forget(ManagedVolume volume) {
    volume.gone = true;
    volumes.remove(volume.entry.name(), volume);
  }

  /** Whether nothing was ever served from this data directory. */
  public boolean isFirstStart() {
    return catalogue.isNew();
  }

  /** Creates the first volume of a new data directory, or opens it if a start died half-way. */
  public void createFirst(String name, long sizeBytes) {
    if (volumes.containsKey(name)) {
      return;
    }
    StorageUri uri = opener.locate(name);
    if (opener.existsInBucket(uri)) {
      open(name, "", "", "");
    } else {
      create(new CreateRequest(name, "", sizeBytes, 0, "", "", ""));
    }
    publish(name, "", List.of());
  }

  /** All volumes, by name. */
  public List<VolumeView> list() {
    return volumes.values().stream().map(ManagedVolume::view).toList();
  }

  /** What lies in a bucket, whether or not this daemon has it open. */
  public List<VolumeSummary> listBucket(String bucketUri) {
    return opener.list(StorageUri.parse(bucketUri));
  }

  /** What this process asked of each bucket so far. */
  public Map<String, StoreStatistics> bucketRequests() {
    return opener.bucketRequests();
  }

  /** Remembers what open volumes have asked of their buckets. */
  public void sampleRequests() {
    volumes.values().forEach(ManagedVolume::sampleRequests);
  }

  /**
   * What volumes take in their buckets and ask of them; makes no request.
   *
   * @param names none for all that lie in a bucket
   * @throws DeviceException.Invalid if one lies in none, or there is none of a name
   */
  public List<VolumeUsage> usage(List<String> names) {
    if (names.isEmpty()) {
      return volumes.values().stream()
          .filter(volume -> opener.isBucket(StorageUri.parse(volume.entry.uri())))
          .map(ManagedVolume::usage)
          .toList();
    }
    return names.stream().map(name -> inAnyBucket(name).usage()).toList();
  }

  private ManagedVolume inAnyBucket(String name) {
    ManagedVolume volume = find(name);
    if (!opener.isBucket(StorageUri.parse(volume.entry.uri()))) {
      throw new DeviceException.Invalid("volume " + name + " lies in no bucket");
    }
    return volume;
  }

  /** What lies in the bucket below a volume, open or not: reads its whole listing. */
  public ListedBytes measure(String name) {
    return opener.measure(StorageUri.parse(inAnyBucket(name).entry.uri()));
  }

  /** One volume. */
  public VolumeView get(String name) {
    return find(name).view();
  }

  /**
   * An open volume that lies in a bucket, for what only such ones can do.
   *
   * @throws DeviceException.Invalid if it lies elsewhere
   * @throws DeviceException.Unavailable if it is not open
   */
  public ObjectVolume inBucket(String name) {
    ManagedVolume volume = find(name);
    return switch (volume.device) {
      case null ->
          throw new DeviceException.Unavailable(
              "volume " + name + " is not open: " + volume.view().failure());
      case ObjectVolume inBucket -> inBucket;
      default -> throw new DeviceException.Invalid("volume " + name + " lies in no bucket");
    };
  }

  /** Where hosts connect. */
  public Exports exports() {
    return exports;
  }

  /** Closes a volume and takes it out of the catalogue; its data stays. */
  public void close(String name) {
    withUnpublished(
        name,
        "close",
        volume -> {
          volume.requireIdle();
          BlockDevice device = volume.device;
          // If it throws: kept in the catalogue, so that somebody sees it; closing it again
          // forgets it.
          volume.closeDevice();
          if (device instanceof ObjectVolume inBucket && !inBucket.summary().cleanlyClosed()) {
            // Kept in the catalogue: its newest data is in the log here, and nowhere else.
            var failure =
                new DeviceException.Unavailable(
                    "it is closed, but the bucket did not take all of its data: the rest is in the"
                        + " log here. Open it again when the bucket can be reached");
            volume.failure = failure;
            throw failure;
          }
          catalogue.remove(name);
          forget(volume);
        });
  }

  /** Deletes a volume with its data. */
  public void delete(String name, LongConsumer deletedObjects) {
    withUnpublished(
        name,
        "delete",
        volume -> {
          StorageUri uri = StorageUri.parse(volume.entry.uri());
          opener.requireDeletable(uri);
          volume.requireIdle();
          volume.closeDevice();
          try {
            opener.delete(uri, deletedObjects);
          } catch (RuntimeException e) {
            // Kept in the catalogue, so that it can be deleted again: part of it may be gone.
            volume.failure =
                new DeviceException.Corrupt("its deletion broke off: " + e.getMessage(), e);
            throw e;
          }
          catalogue.remove(name);
          forget(volume);
          LOG.info("volume {} is deleted", name);
        });
  }

  private void withUnpublished(
      String name, String verb, java.util.function.Consumer<ManagedVolume> action) {
    ManagedVolume volume = find(name);
    volume.lock.lock();
    try {
      requireThere(volume);
      if (volume.entry.publication() != null) {
        throw new DeviceException.Invalid(
            "volume %s is published; before you %s it: `isthmus volume unpublish %s`"
                .formatted(name, verb, name));
      }
      action.accept(volume);
    } finally {
      volume.lock.unlock();
    }
  }

  /**
   * Exports a volume. Doing it again with the same words changes nothing.
   *
   * @param nqn empty for the default
   * @param hostNqns who may connect; empty for the daemon's own list
   */
  public VolumeView publish(String name, String nqn, List<String> hostNqns) {
    var publication = new Publication(nqn.isEmpty() ? VolumeNames.defaultNqn(name) : nqn, hostNqns);
    ManagedVolume volume = find(name);
    volume.lock.lock();
    try {
      requireThere(volume);
      CatalogueEntry before = volume.entry;
      if (publication.equals(before.publication()) && volume.exported) {
        return volume.view();
      }
      if (before.publication() != null) {
        throw new DeviceException.Invalid(
            "volume %s is published as %s; unpublish it first"
                .formatted(name, before.publication().nqn()));
      }
      BlockDevice device = volume.device;
      if (device == null) {
        throw new DeviceException.Unavailable(
            "volume " + name + " is not open: " + volume.view().failure());
      }
      requireNqnFree(publication.nqn(), name);
      export(volume, device, publication.nqn(), checkedHosts(publication));
      try {
        catalogue.put(before.with(publication));
        volume.entry = before.with(publication);
      } catch (DeviceException e) {
        withdraw(volume, publication.nqn());
        throw e;
      }
      return volume.view();
    } finally {
      volume.lock.unlock();
    }
  }

  private HostAccess checkedHosts(Publication publication) {
    try {
      return hosts(publication);
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Invalid(String.valueOf(e.getMessage()), e);
    }
  }

  /** Also against volumes that are recorded as published and not open: they come back. */
  private void requireNqnFree(String nqn, String name) {
    for (ManagedVolume other : volumes.values()) {
      Publication publication = other.entry.publication();
      if (publication != null && publication.nqn().equals(nqn)) {
        throw new DeviceException.Invalid(
            "the name %s is that of volume %s; give %s another with --nqn"
                .formatted(nqn, other.entry.name(), name));
      }
    }
  }

  /**
   * Changes what an open volume in a bucket promises, while hosts use it. Blocks until it holds.
   *
   * @param givenUp ends when the caller waits no more: the change is given up then
   */
  public VolumeView setTiers(String name, TierChange change, CompletableFuture<?> givenUp) {
    ManagedVolume volume = find(name);
    volume.lock.lock();
    try {
      requireThere(volume);
      BlockDevice device = volume.device;
      if (device == null) {
        throw new DeviceException.Unavailable(
            "volume " + name + " is not open: " + volume.view().failure());
      }
      if (!(device instanceof ObjectVolume inBucket)) {
        throw new DeviceException.Invalid(
            "volume " + name + " is in no bucket: only those have ack, flush and rpo");
      }
      Publication publication = volume.exported ? volume.entry.publication() : null;
      TierSetter.set(
          inBucket,
          change,
          () -> publication != null && exports.associations(publication.nqn()) > 0,
          CompletableFuture.anyOf(givenUp, stopping));
      return volume.view();
    } finally {
      volume.lock.unlock();
    }
  }

  /** Takes the export away; hosts lose the disk. */
  public VolumeView unpublish(String name) {
    ManagedVolume volume = find(name);
    volume.lock.lock();
    try {
      requireThere(volume);
      CatalogueEntry before = volume.entry;
      Publication publication = before.publication();
      if (publication == null) {
        return volume.view();
      }
      catalogue.put(before.with(null));
      volume.entry = before.with(null);
      if (volume.exported) {
        withdraw(volume, publication.nqn());
      }
      return volume.view();
    } finally {
      volume.lock.unlock();
    }
  }

  private ManagedVolume find(String name) {
    ManagedVolume volume = volumes.get(name);
    if (volume == null) {
      throw unknown(name);
    }
    return volume;
  }

  private static void requireThere(ManagedVolume volume) {
    if (volume.gone) {
      throw unknown(volume.entry.name());
    }
  }

  private static DeviceException.Invalid unknown(String name) {
    return new DeviceException.Invalid(
        "no volume is named \"" + name + "\"; `isthmus volume list` shows those there are");
  }

  /**
   * The daemon ends: calls that wait for a bucket are given up, and none of them opens a volume
   * again. {@link #closeAll} follows.
   */
  public void stop() {
    stopping.complete(null);
  }

  /**
   * Closes all devices, side by side. Exports have ended before.
   *
   * @return names of volumes that could not be closed cleanly in time: their logs keep what is not
   *     in the bucket
   */
  public List<String> closeAll(Duration limit) {
    stop();
    long deadlineNanos = System.nanoTime() + limit.toNanos();
    var threads = new ArrayList<Thread>();
    var unclean = new ConcurrentSkipListMap<String, Boolean>();
    for (ManagedVolume volume : volumes.values()) {
      unclean.put(volume.entry.name(), true);
      threads.add(
          Thread.startVirtualThread(() -> {
            if (closeOne(volume)) {
              unclean.remove(volume.entry.name());
            }
          }));
    }
    for (Thread thread : threads) {
      Joins.until(thread, deadlineNanos);
    }
    return List.copyOf(unclean.keySet());
  }

  private static boolean closeOne(ManagedVolume volume) {
    volume.lock.lock();
    try {
      volume.gone = true;
      volume.closeDevice();
      return !volume.isBusy();
    } catch (RuntimeException e) {
      LOG.error("volume {} did not close cleanly: {}", volume.entry.name(), e.getMessage(), e);
      return false;
    } finally {
      volume.lock.unlock();
    }
  }
}
