package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.gateway.daemon.CatalogueEntry.Publication;
import dev.isthmus.targets.nvme.HostAccess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.LongConsumer;
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

  /** Volumes opened at one time at the start: each reads its map and log. */
  private static final int PARALLEL_OPENS = 4;

  private final Catalogue catalogue;
  private final DeviceOpener opener;
  private final Exports exports;
  private final HostAccess defaultHosts;
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

  /** Tries again what failed because something could not be reached. */
  public void retryUnavailable() {
    for (ManagedVolume volume : volumes.values()) {
      if (volume.device == null && volume.failure instanceof DeviceException.Unavailable) {
        openAgain(volume);
      }
    }
  }

  private void openAgain(ManagedVolume volume) {
    volume.lock.lock();
    try {
      if (volume.gone || volume.device != null) {
        return;
      }
      StorageUri uri = StorageUri.parse(volume.entry.uri());
      volume.opened(opener.reopen(uri));
      if (DeviceOpener.isEphemeral(uri)) {
        LOG.warn(
            "volume {} came back empty: {}:// keeps nothing", volume.entry.name(), uri.scheme());
      }
      exportAsRecorded(volume);
    } catch (DeviceException e) {
      volume.failed(e);
    } catch (RuntimeException e) {
      volume.failed(new DeviceException.Internal("a defect: " + e, e));
    } finally {
      volume.lock.unlock();
    }
  }

  private void exportAsRecorded(ManagedVolume volume) {
    Publication publication = volume.entry.publication();
    BlockDevice device = volume.device;
    if (publication != null && device != null && !volume.exported) {
      exports.publish(publication.nqn(), hosts(publication), device);
      volume.exported = true;
    }
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
   */
  public VolumeView open(String nameOrUri, String name, String takeover) {
    Map<String, String> options = takeover.isEmpty() ? Map.of() : Map.of("takeover", takeover);
    ManagedVolume known = VolumeNames.isUri(nameOrUri) ? null : volumes.get(nameOrUri);
    if (known != null) {
      return openKnown(known, options);
    }
    StorageUri base = opener.locate(nameOrUri);
    if (DeviceOpener.isEphemeral(base)) {
      throw new DeviceException.Invalid(
          base.scheme() + ":// has nothing to open: `isthmus volume create` makes one");
    }
    return add(name(name, base), DeviceOpener.with(base, options), opener::open);
  }

  private VolumeView openKnown(ManagedVolume volume, Map<String, String> options) {
    volume.lock.lock();
    try {
      requireThere(volume);
      if (volume.device != null) {
        throw new DeviceException.Invalid("volume " + volume.entry.name() + " is open already");
      }
      StorageUri uri = StorageUri.parse(volume.entry.uri());
      if (options.isEmpty()) {
        volume.opened(opener.reopen(uri));
      } else {
        volume.opened(opener.open(DeviceOpener.with(uri, options)));
      }
      exportAsRecorded(volume);
      return volume.view();
    } catch (DeviceException e) {
      volume.failure = e;
      throw e;
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
      open(name, "", "");
    } else {
      create(new CreateRequest(name, "", sizeBytes, 0, "", ""));
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

  /** One volume. */
  public VolumeView get(String name) {
    return find(name).view();
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
          BlockDevice device = volume.device;
          try {
            volume.closeDevice();
          } catch (DeviceException e) {
            // Kept in the catalogue, so that somebody sees it; closing it again forgets it.
            volume.failure = e;
            throw e;
          }
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
          volume.closeDevice();
          try {
            opener.delete(uri, deletedObjects);
          } catch (DeviceException e) {
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
      exports.publish(publication.nqn(), checkedHosts(publication), device);
      volume.exported = true;
      try {
        catalogue.put(before.with(publication));
        volume.entry = before.with(publication);
      } catch (DeviceException e) {
        volume.abandoned |= !exports.unpublish(publication.nqn());
        volume.exported = false;
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
        volume.exported = false;
        volume.abandoned |= !exports.unpublish(publication.nqn());
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
   * Closes all devices, side by side. Exports have ended before.
   *
   * @return names of volumes that could not be closed cleanly in time: their logs keep what is not
   *     in the bucket
   */
  public List<String> closeAll(Duration limit) {
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
      return !volume.abandoned;
    } catch (RuntimeException e) {
      LOG.error("volume {} did not close cleanly: {}", volume.entry.name(), e.getMessage(), e);
      return false;
    } finally {
      volume.lock.unlock();
    }
  }
}
