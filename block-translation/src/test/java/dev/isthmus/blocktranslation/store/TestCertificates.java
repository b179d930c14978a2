package dev.isthmus.blocktranslation.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A certificate authority of a test's own and a certificate that it signed for 127.0.0.1, made by
 * the JDK's keytool.
 *
 * @param caFile the authority's certificate
 * @param serverDirectory the server's certificate and key as MinIO wants them
 */
public record TestCertificates(Path caFile, Path serverDirectory) {

  private static final String PASSWORD = "of-no-use-to-anybody";

  /** Makes new ones below {@code directory}. */
  public static TestCertificates make(Path directory) {
    try {
      Path keys = directory.resolve("keys.p12");
      generate(keys, "ca", "-ext", "bc:c", "-ext", "ku:c=keyCertSign");
      generate(keys, "server", "-signer", "ca", "-ext", "san=ip:127.0.0.1");
      KeyStore store = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(keys)) {
        store.load(in, PASSWORD.toCharArray());
      }
      Path ca = directory.resolve("ca.pem");
      Files.writeString(ca, certificate(store.getCertificate("ca")));
      Path server = Files.createDirectories(directory.resolve("server"));
      Files.writeString(server.resolve("public.crt"), certificate(store.getCertificate("server")));
      Key key = store.getKey("server", PASSWORD.toCharArray());
      Files.writeString(server.resolve("private.key"), pem("PRIVATE KEY", key.getEncoded()));
      return new TestCertificates(ca, server);
    } catch (IOException | GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static void generate(Path keys, String name, String... more) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                keys.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keyalg",
                "EC",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-validity",
                "2"));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new AssertionError("keytool: " + said);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String certificate(Certificate certificate) throws GeneralSecurityException {
    return pem("CERTIFICATE", certificate.getEncoded());
  }

  private static String pem(String kind, byte[] content) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(
            kind,
            Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(content),
            kind);
  }
}
