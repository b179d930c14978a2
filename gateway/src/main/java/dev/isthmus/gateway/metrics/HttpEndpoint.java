package dev.isthmus.gateway.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.daemon.VolumeManager;
import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.targets.nvme.NvmeTargetStatistics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code /metrics}, {@code /healthz} (this process answers) and {@code /readyz} (every volume of
 * the catalogue was opened or its failure told, and no stop has begun).
 *
 * <p>Threading: thread-safe.
 */
public final class HttpEndpoint implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);

  /** Connections waiting to be taken: scrapers and probes are few. */
  private static final int BACKLOG = 16;

  /** A page and its HTTP status. */
  private record Page(int status, String contentType, String body) {
    static Page text(int status, String body) {
      return new Page(status, "text/plain; charset=utf-8", body + "\n");
    }
  }

  private final HttpServer server;
  private final VolumeManager volumes;
  private final Supplier<NvmeTargetStatistics> nvme;
  private final String version;
  private volatile boolean ready;

  /**
   * Binds and serves.
   *
   * @throws DeviceException.Unavailable if the address can't be bound
   */
  public HttpEndpoint(
      InetSocketAddress address,
      VolumeManager volumes,
      Supplier<NvmeTargetStatistics> nvme,
      String version) {
    this.volumes = volumes;
    this.nvme = nvme;
    this.version = version;
    try {
      server = HttpServer.create(address, BACKLOG);
    } catch (IOException e) {
      throw new DeviceException.Unavailable(
          "cannot serve metrics on "
              + address
              + ": "
              + e.getMessage()
              + ". Choose another with --metrics ADDR:PORT, or --metrics off",
          e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    handle("/metrics", this::metrics);
    handle("/healthz", () -> Page.text(200, "ok"));
    handle("/readyz", this::readiness);
    server.start();
  }

  private void handle(String path, Supplier<Page> page) {
    server.createContext(path, exchange -> serve(exchange, path, page));
  }

  private static void serve(HttpExchange exchange, String path, Supplier<Page> page)
      throws IOException {
    try (exchange) {
      if (!exchange.getRequestURI().getPath().equals(path)) {
        send(exchange, Page.text(404, "not found: /metrics, /healthz and /readyz are"));
      } else if (!exchange.getRequestMethod().equals("GET")
          && !exchange.getRequestMethod().equals("HEAD")) {
        send(exchange, Page.text(405, "GET only"));
      } else {
        send(exchange, page.get());
      }
    } catch (RuntimeException e) {
      LOG.error("serving {} ended by a defect", path, e);
      throw e;
    }
  }

  private static void send(HttpExchange exchange, Page page) throws IOException {
    byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", page.contentType());
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(page.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(page.status(), body.length);
    exchange.getResponseBody().write(body);
  }

  private Page metrics() {
    var text = new PrometheusText();
    List<VolumeView> views = volumes.list();
    text.gauge("isthmus_build_info", "Always 1; its labels tell.", 1, "version", version);
    VolumeMetrics.write(views, text);
    BucketMetrics.write(volumes.bucketRequests(), text);
    NvmeMetrics.write(nvme.get(), views, text);
    ProcessMetrics.write(text);
    return new Page(200, PrometheusText.CONTENT_TYPE, text.toString());
  }

  private Page readiness() {
    if (!ready) {
      return Page.text(503, "not ready: starting or stopping");
    }
    String failed =
        volumes.list().stream()
            .filter(v -> v.open() == null)
            .map(VolumeView::name)
            .collect(java.util.stream.Collectors.joining(", "));
    return Page.text(200, failed.isEmpty() ? "ready" : "ready, without " + failed);
  }

  /** Whether {@code /readyz} says so. */
  public void setReady(boolean value) {
    ready = value;
  }

  /** What was bound. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
