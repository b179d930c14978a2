package dev.isthmus.gateway;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blockdevice.simple.FileProvider;
import dev.isthmus.blockdevice.simple.MallocProvider;
import dev.isthmus.blockdevice.simple.NullProvider;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.store.s3.InsecureTls;
import dev.isthmus.gateway.config.GatewaySettings;
import dev.isthmus.gateway.config.HostPort;
import dev.isthmus.gateway.daemon.Catalogue;
import dev.isthmus.gateway.daemon.DataDirectory;
import dev.isthmus.gateway.daemon.DeviceOpener;
import dev.isthmus.gateway.daemon.Exports;
import dev.isthmus.gateway.daemon.Joins;
import dev.isthmus.gateway.daemon.NvmeExports;
import dev.isthmus.gateway.daemon.VolumeManager;
import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.gateway.metrics.HttpEndpoint;
import dev.isthmus.gateway.rpc.ControlServer;
import dev.isthmus.gateway.rpc.v1.DaemonStatus;
import dev.isthmus.targets.nvme.NvmePortal;
import dev.isthmus.targets.nvme.NvmeTargetSettings;
import dev.isthmus.targets.nvme.NvmeTcpTarget;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running gateway: the one place where its parts are made and joined.
 *
 * <p>Threading: started and stopped by one thread, while another may still open volumes; the parts
 * are thread-safe.
 */
public final class Gateway {

  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  /** The first volume of a new data directory. */
  public static final String FIRST_VOLUME = "disk0";

  private static final long FIRST_VOLUME_BYTES = 1L << 30;

  /** How often volumes that failed because something was out of reach are tried again. */
  private static final long RETRY_SECONDS = 15;

  private final GatewaySettings settings;
  private volatile boolean stopping;
  private final long startedNanos = System.nanoTime();

  /** What to close, newest first, if starting fails half-way. */
  private final ArrayDeque<AutoCloseable> started = new ArrayDeque<>();

  private final ObjectVolumeProvider buckets;
  private final NvmeTcpTarget target;
  private final VolumeManager volumes;
  private final ControlServer control;
  private final @Nullable HttpEndpoint http;
  private final ScheduledExecutorService meter =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("isthmus-meter").factory());
  private final ScheduledExecutorService retries =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("isthmus-retry").factory());

  private Gateway(GatewaySettings settings) {
    this.settings = settings;
    boolean done = false;
    try {
      DataDirectory data = keep(DataDirectory.take(settings.dataDirectory()));
      var catalogue = new Catalogue(data.catalogueFile());
      Credentials.apply(settings);
      InsecureTls.allow(settings.insecureSkipVerify());
      buckets = keep(new ObjectVolumeProvider(settings.volumes()));
      var registry =
          new DeviceRegistry(
              List.of(
                  new MallocProvider(OffHeap.deviceBudgetBytes()),
                  new NullProvider(),
                  new FileProvider(),
                  buckets));
      var opener = new DeviceOpener(registry, buckets, settings.bucket());
      target = keep(NvmeTcpTarget.start(NvmeTargetSettings.defaults(portal(settings))));
      Exports exports = new NvmeExports(target, settings.advertise());
      volumes = new VolumeManager(catalogue, opener, exports, settings.hosts());
      HostPort metrics = settings.metrics();
      http =
          metrics == null
              ? null
              : keep(
                  new HttpEndpoint(
                      metrics.toSocketAddress(), volumes, target::statistics, Version.text()));
      control =
          keep(ControlServer.start(settings.socket(), volumes, settings.prices(), this::status));
      var _ =
          meter.scheduleAtFixedRate(
              volumes::sampleRequests,
              VolumeManager.SAMPLE_NANOS,
              VolumeManager.SAMPLE_NANOS,
              TimeUnit.NANOSECONDS);
      var _ =
          retries.scheduleWithFixedDelay(
              () -> retry(volumes), RETRY_SECONDS, RETRY_SECONDS, TimeUnit.SECONDS);
      done = true;
    } finally {
      if (!done) {
        closeStarted();
      }
    }
  }

  /** An executor drops a task that throws, for good and without a word. */
  private static void retry(VolumeManager volumes) {
    try {
      volumes.retryUnavailable();
    } catch (RuntimeException | Error e) {
      LOG.error("looking for volumes to open again", e);
    }
  }

  private static NvmePortal portal(GatewaySettings settings) {
    HostPort advertise = settings.advertise();
    InetAddress address = advertise == null ? null : advertise.address();
    return new NvmePortal(
        settings.listen().toSocketAddress(), address, advertise == null ? 0 : advertise.port());
  }

  private <T extends AutoCloseable> T keep(T part) {
    started.push(part);
    return part;
  }

  /**
   * Starts everything but the volumes: {@link #openVolumes} is next.
   *
   * @throws DeviceException if the gateway can't start
   */
  public static Gateway start(GatewaySettings settings) {
    return new Gateway(settings);
  }

  /**
   * Opens and publishes the volumes of the catalogue. Those that can't be opened are told by {@link
   * #volumes}, and don't keep the others from being served. Blocks; {@link #stop} may be called
   * meanwhile.
   */
  public void openVolumes() {
    volumes.openAll();
    if (settings.defaultVolume() && volumes.isFirstStart() && !stopping) {
      try {
        volumes.createFirst(FIRST_VOLUME, FIRST_VOLUME_BYTES);
      } catch (RuntimeException e) {
        LOG.error("the first volume could not be created: {}", e.getMessage(), e);
      }
    }
    if (http != null && !stopping) {
      http.setReady(true);
    }
  }

  /** What is served now. */
  public List<VolumeView> volumes() {
    return volumes.list();
  }

  /** Where hosts connect. */
  public Exports.ExportAddress exportAddress() {
    return volumes.exports().address();
  }

  /** Where metrics are, or null for nowhere. */
  public @Nullable HostPort metricsAddress() {
    return http == null
        ? null
        : new HostPort(http.address().getAddress(), http.address().getPort());
  }

  private DaemonStatus status() {
    List<VolumeView> all = volumes.list();
    var bound = target.boundAddresses().getFirst();
    Exports.ExportAddress told = exportAddress();
    HostPort metrics = metricsAddress();
    return DaemonStatus.newBuilder()
        .setVersion(Version.text())
        .setPid(ProcessHandle.current().pid())
        .setUptimeNanos(System.nanoTime() - startedNanos)
        .setDataDirectory(settings.dataDirectory().toString())
        .setListen(new HostPort(bound.getAddress(), bound.getPort()).toString())
        .setAdvertise(told.address() + ":" + told.port())
        .setMetrics(metrics == null ? "" : metrics.toString())
        .setVolumes(all.size())
        .setVolumesPublished((int) all.stream().filter(v -> v.publication() != null).count())
        .setVolumesFailed((int) all.stream().filter(v -> v.open() == null).count())
        .build();
  }

  /**
   * Ends exports, drains commands in flight, makes all volumes durable and closes them, in at most
   * the shutdown time-out.
   *
   * @return names of volumes that could not be closed cleanly in time; nothing completed is lost,
   *     their logs keep it, but their next open takes longer
   */
  public List<String> stop() {
    stopping = true;
    long deadlineNanos = System.nanoTime() + settings.shutdownTimeout().toNanos();
    if (http != null) {
      http.setReady(false);
    }
    retries.shutdownNow();
    meter.shutdownNow();
    volumes.stop();
    close(control);
    Thread draining = Thread.ofPlatform().daemon().name("isthmus-drain").start(() -> close(target));
    Joins.until(draining, deadlineNanos);
    List<String> unclean =
        volumes.closeAll(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())));
    started.remove(control);
    started.remove(target);
    if (!unclean.isEmpty()) {
      // A volume may still use it; the process ends anyway.
      started.remove(buckets);
    }
    closeStarted();
    return unclean;
  }

  private void closeStarted() {
    while (!started.isEmpty()) {
      close(started.pop());
    }
  }

  private static void close(AutoCloseable part) {
    try {
      part.close();
    } catch (Exception e) {
      LOG.error("closing {} failed", part.getClass().getSimpleName(), e);
    }
  }
}
