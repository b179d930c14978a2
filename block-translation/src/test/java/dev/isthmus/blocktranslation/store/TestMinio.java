package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.s3.Tls;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A MinIO server for a test: the binary that {@code scripts/minio} finds or builds; the test fails
 * if there is none.
 */
public final class TestMinio extends TestS3Server {

  private TestMinio(String binary, Tls tls, Path certificates) {
    super(
        "minio",
        tls,
        (address, data, accessKey, secretKey) ->
            new Launch(
                List.of(
                    binary,
                    "server",
                    "--quiet",
                    "--address",
                    address,
                    "--console-address",
                    "127.0.0.1:0",
                    "--certs-dir",
                    certificates.toString(),
                    data.toString()),
                Map.of(
                    "MINIO_ROOT_USER",
                    accessKey,
                    "MINIO_ROOT_PASSWORD",
                    secretKey,
                    "MINIO_BROWSER",
                    "off",
                    "MINIO_UPDATE",
                    "off")));
  }

  /** Starts one, with an empty bucket. */
  public static TestMinio start() {
    // A directory that is not there: plain HTTP.
    return new TestMinio(binary(), Tls.DEFAULT, Path.of("/nonexistent/certificates"));
  }

  /** Starts one that speaks TLS. */
  public static TestMinio startTls(TestCertificates certificates) {
    return new TestMinio(
        binary(), new Tls(certificates.caFile(), false), certificates.serverDirectory());
  }

  private static String binary() {
    return TestScripts.binary("minio").toString();
  }

  /** Starts one whose bucket keeps every version. */
  public static TestMinio startVersioned() {
    TestMinio server = start();
    server.enableVersioning();
    return server;
  }
}
