package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.gateway.metrics.PrometheusParser;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The daemon as users meet it: a process, a socket, signals, restarts. */
class DaemonIT {

  private static final String[] NO_FIRST_VOLUME = {"--default-volume", "false"};

  @TempDir Path directory;
  private Path data = Path.of("unset");

  @BeforeEach
  void chooseDataDirectory() {
    data = directory.resolve("data");
  }

  private String fileUri(String name) {
    return "file://" + directory.resolve(name);
  }

  @Test
  void volumesLiveThroughSigtermAndSigkill() throws Exception {
    JsonNode before;
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      assertEquals(
          0, daemon.isthmus("volume", "create", fileUri("a"), "--size", "16MiB").exitCode());
      assertEquals(
          0, daemon.isthmus("volume", "create", "malloc:///bench", "--size", "64MiB").exitCode());
      before = daemon.isthmus("volume", "publish", "a", "-o", "json").json();
      assertEquals("nqn.2026-01.dev.isthmus:a", before.at("/export/nqn").asText());
      assertEquals(0, daemon.isthmus("volume", "publish", "bench").exitCode());
      assertTrue(isNvmeTarget(before.at("/export/port").asInt()));
      assertEquals(0, daemon.terminate());
      assertTrue(daemon.standardError().contains("stopped cleanly"), daemon.standardError());
      assertFalse(Files.exists(data.resolve("isthmus.sock")), "the socket is removed");
    }
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      checkFound(before, daemon);
      daemon.kill();
      assertTrue(Files.exists(data.resolve("isthmus.sock")), "a dead daemon leaves its socket");
    }
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      checkFound(before, daemon);
      assertEquals(0, daemon.terminate());
    }
  }

  private static void checkFound(JsonNode before, DaemonProcess daemon) throws IOException {
    JsonNode after = daemon.isthmus("volume", "show", "a", "-o", "json").json();
    for (String same : new String[] {"/uuid", "/export/nqn", "/export/serial", "/export/nsid"}) {
      assertEquals(before.at(same), after.at(same), same);
    }
    assertTrue(isNvmeTarget(after.at("/export/port").asInt()));
    JsonNode list = daemon.isthmus("volume", "list", "-o", "json").json();
    assertEquals(2, list.at("/volumes").size());
    assertEquals("READY", list.at("/volumes/1/state").asText());
    String banner = daemon.standardOutput();
    assertTrue(
        banner.contains(
            "nvme connect -t tcp -a 127.0.0.1 -s "
                + after.at("/export/port").asInt()
                + " -n nqn.2026-01.dev.isthmus:a --ctrl-loss-tmo=-1"),
        banner);
    assertTrue(banner.contains("After a power cut: every flushed write is kept;"), banner);
    assertTrue(banner.contains("everything is gone: it lives in memory"), banner);
  }

  /** Whether an initialise-connection request is answered (NVMe/TCP 1.0, 3.6.2.2 and .3). */
  private static boolean isNvmeTarget(int port) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(10_000);
      var request = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
      request.put(0, (byte) 0x00).put(2, (byte) 128).putInt(4, 128);
      socket.getOutputStream().write(request.array());
      var answer =
          ByteBuffer.wrap(socket.getInputStream().readNBytes(128)).order(ByteOrder.LITTLE_ENDIAN);
      return answer.capacity() == 128 && answer.get(0) == 0x01 && answer.getInt(4) == 128;
    }
  }

  @Test
  void aSecondDaemonOnTheSameDirectoryIsRefused() throws Exception {
    try (var first = DaemonProcess.start(data, NO_FIRST_VOLUME);
        var second = DaemonProcess.launch(data, NO_FIRST_VOLUME)) {
      assertEquals(ExitCode.UNAVAILABLE, second.await());
      assertTrue(
          second
              .standardError()
              .contains("another isthmus (process " + first.pid() + ") serves the data directory"),
          second.standardError());
      assertEquals(0, first.isthmus("status").exitCode(), "the first one is not disturbed");
    }
  }

  @Test
  void onlyTheOwnerReachesDataAndSocket() throws Exception {
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(
              Files.getPosixFilePermissions(data.resolve("isthmus.sock"))));
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(data)));
      assertEquals(0, daemon.terminate());
    }
  }

  @Test
  void listeningBeyondLoopbackNeedsAWord() throws Exception {
    try (var daemon = DaemonProcess.launch(data, "--listen", "0.0.0.0:0")) {
      assertEquals(ExitCode.INVALID, daemon.await());
      assertTrue(daemon.standardError().contains("--allow-any-host"), daemon.standardError());
    }
    assertFalse(Files.exists(data), "nothing is made by a refused start");
  }

  @Test
  void aWrongConfigurationIsSaidWithItsLine() throws Exception {
    Path config =
        Files.writeString(directory.resolve("isthmus.yaml"), "# here\nallow_any_host: maybe\n");
    try (var daemon = DaemonProcess.launch(data, "--config", config.toString())) {
      assertEquals(ExitCode.INVALID, daemon.await());
      assertEquals(
          "isthmus: " + config + " line 2: it is true or false, not \"maybe\"\n",
          daemon.standardError());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--listen", "--metrics"})
  void aPortInUseIsSaid(String flag) throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String place = "127.0.0.1:" + taken.getLocalPort();
      try (var daemon = DaemonProcess.launch(data, flag, place)) {
        assertEquals(ExitCode.UNAVAILABLE, daemon.await());
        assertTrue(daemon.standardError().contains(place), daemon.standardError());
      }
    }
  }

  @Test
  void aSecretInAUriIsNeitherTakenNorRepeated() throws Exception {
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      var refused = daemon.isthmus("volume", "create", "s3://key:hush@bucket/v", "--size", "1GiB");
      assertEquals(ExitCode.INVALID, refused.exitCode());
      assertFalse(refused.err().contains("hush"), refused.err());
      assertFalse(daemon.standardError().contains("hush"), daemon.standardError());
    }
  }

  @Test
  void metricsAndHealthAreServed() throws Exception {
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      assertEquals(
          0, daemon.isthmus("volume", "create", "malloc:///m", "--size", "1MiB").exitCode());
      assertEquals(0, daemon.isthmus("volume", "publish", "m").exitCode());
      String base =
          "http://" + daemon.isthmus("status", "-o", "json").json().at("/metrics").asText();
      try (var http = HttpClient.newHttpClient()) {
        assertEquals("200 ok\n", get(http, base + "/healthz"));
        assertEquals("200 ready\n", get(http, base + "/readyz"));
        assertTrue(get(http, base + "/none").startsWith("404 "));
        String page = get(http, base + "/metrics");
        assertTrue(page.contains("isthmus_volume_published{volume=\"m\"} 1\n"), page);
        assertTrue(page.contains("isthmus_nvme_associations{volume=\"m\""), page);
        assertTrue(PrometheusParser.parse(page.replaceFirst("^200 ", "")).size() > 20, page);
      }
      assertEquals(0, daemon.terminate());
    }
  }

  private static String get(HttpClient http, String uri) throws IOException, InterruptedException {
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
    return response.statusCode() + " " + response.body();
  }

  @Test
  void errorsComeBackWithTheirTextAndCode() throws Exception {
    try (var daemon = DaemonProcess.start(data, NO_FIRST_VOLUME)) {
      var unknown = daemon.isthmus("volume", "show", "none");
      assertEquals(ExitCode.INVALID, unknown.exitCode());
      assertEquals(
          "isthmus: no volume is named \"none\"; `isthmus volume list` shows those there are\n",
          unknown.err());
      var scheme = daemon.isthmus("volume", "create", "ftp:///x", "--size", "1MiB");
      assertEquals(ExitCode.INVALID, scheme.exitCode());
      assertTrue(scheme.err().contains("no device has the scheme ftp://"), scheme.err());
      var missing = daemon.isthmus("volume", "open", fileUri("missing"));
      assertEquals(ExitCode.UNAVAILABLE, missing.exitCode(), missing.err());
      assertTrue(missing.err().contains("missing"), missing.err());
      assertEquals(
          0, daemon.isthmus("volume", "create", "malloc:///d", "--size", "1MiB").exitCode());
      var ask = daemon.isthmus("volume", "delete", "d");
      assertEquals(ExitCode.INVALID, ask.exitCode());
      assertTrue(ask.err().contains("--yes"), ask.err());
      var deleted = daemon.isthmus("volume", "delete", "d", "--yes");
      assertEquals("volume d is deleted\n", deleted.out());
      daemon.kill();
      var dead = daemon.isthmus("volume", "list");
      assertEquals(ExitCode.UNAVAILABLE, dead.exitCode());
      assertTrue(
          dead.err().contains("no isthmus daemon answers on " + data.resolve("isthmus.sock")),
          dead.err());
      assertTrue(dead.err().contains("isthmus serve"), dead.err());
    }
  }
}
