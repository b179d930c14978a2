package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.scrub.ScrubQueue;
import dev.isthmus.blocktranslation.store.ObjectStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One host of a test: a directory for logs, threads, and a connection to a bucket. Threading: used
 * from the test's thread.
 */
final class TestHost implements AutoCloseable {

  static final VolumePlace PLACE = new VolumePlace("vol", "test/vol/", "fake://bucket/test/vol");

  private final ExecutorService blocking =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("blocking-", 0).factory());
  private final ObjectStore store;
  private final ObjectVolumeSettings settings;
  private final LogHome logs;
  private final Nonces nonces = new Nonces();

  TestHost(Path directory, ObjectStore store) {
    this(store, settings(directory));
  }

  TestHost(ObjectStore store, ObjectVolumeSettings settings) {
    this(store, settings, LogHome.DISK);
  }

  TestHost(ObjectStore store, ObjectVolumeSettings settings, LogHome logs) {
    this.store = store;
    this.settings = settings;
    this.logs = logs;
  }

  /** Small segments, sealed soon, so that a short test makes many of them. */
  static ObjectVolumeSettings settings(Path directory) {
    return new ObjectVolumeSettings(
        directory,
        64 << 20,
        4 << 20,
        16 << 20,
        1 << 20,
        Duration.ofMillis(50),
        Duration.ofSeconds(30));
  }

  void create(long sizeBytes, int blockSizeBytes, Tier ack, Tier flush) {
    new VolumeAdmin(store, nonces)
        .create(PLACE, sizeBytes, blockSizeBytes, new Tiers(ack, flush), FencingGate.TRUSTING);
  }

  VolumeCore open(Takeover takeover) {
    var core = new AtomicReference<VolumeCore>();
    var loop =
        new ThreadedLoop(
            "volume",
            blocking,
            defect -> {
              VolumeCore volume = core.get();
              if (volume != null) {
                volume.defect(defect);
              } else {
                throw new AssertionError("before the volume stood", defect);
              }
            });
    try {
      VolumeCore volume =
          new VolumeOpener(
                  PLACE.name(),
                  PLACE.where(),
                  PLACE.keyPrefix(),
                  store,
                  settings,
                  EngineSizes.of(settings),
                  logs,
                  loop,
                  nonces,
                  FencingGate.TRUSTING,
                  new ScrubQueue(),
                  (Manifest m) -> VolumeAdmin.summary(PLACE, m),
                  () -> {})
              .open(takeover);
      core.set(volume);
      return volume;
    } catch (RuntimeException e) {
      loop.shutdown();
      throw e;
    }
  }

  VolumeCore open() {
    return open(Takeover.NONE);
  }

  ObjectStore store() {
    return store;
  }

  @Override
  public void close() {
    blocking.shutdownNow();
  }
}
