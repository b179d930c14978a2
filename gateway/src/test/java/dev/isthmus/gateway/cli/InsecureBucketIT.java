package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.TestCertificates;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A bucket whose certificate nobody looks at: only by permission, and never unnoticed. */
@Timeout(240)
class InsecureBucketIT {

  private static final String[] WITHOUT = {"--default-volume", "false"};
  private static final String[] WITH = {"--default-volume", "false", "--insecure-skip-verify"};

  @TempDir private Path directory = Path.of("unset");

  @Test
  void itIsUsedByPermissionAndShown() throws Exception {
    Path data = directory.resolve("data");
    var certificates = TestCertificates.make(Files.createDirectories(directory.resolve("ca")));
    try (TestMinio server = TestMinio.startTls(certificates)) {
      String uri = server.minioVolumeUri("db", "&tls=on&insecure_skip_verify=true");
      try (var daemon = DaemonProcess.start(data, WITHOUT)) {
        var refused = daemon.isthmus("volume", "create", uri, "--size", "64MiB");
        assertEquals(ExitCode.INVALID, refused.exitCode(), refused.err());
        assertTrue(refused.err().contains("--insecure-skip-verify"), refused.err());
      }
      try (var daemon = DaemonProcess.start(data, WITH)) {
        var created = daemon.isthmus("volume", "create", uri, "--size", "64MiB");
        assertEquals(ExitCode.OK, created.exitCode(), created.err());
        String shown = daemon.isthmus("volume", "show", "db").out();
        assertTrue(shown.contains("WARNING"), shown);
        assertTrue(shown.contains("certificate is not looked at"), shown);
        String json = daemon.isthmus("volume", "show", "db", "-o", "json").out();
        assertTrue(json.contains("\"warnings\" : [ \"insecure_skip_verify=true"), json);
        assertTrue(
            daemon.standardError().contains("certificate is not looked at"),
            daemon.standardError());
        assertFalse(daemon.standardError().contains(server.secretKey()));
      }
      try (var daemon = DaemonProcess.start(data, WITHOUT)) {
        String shown = daemon.isthmus("volume", "show", "db").out();
        assertTrue(shown.contains("NOT_OPEN"), shown);
        assertTrue(shown.contains("--insecure-skip-verify"), shown);
      }
    }
  }
}
