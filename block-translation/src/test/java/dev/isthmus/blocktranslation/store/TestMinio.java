package dev.isthmus.blocktranslation.store;

import java.util.List;
import java.util.Map;

/**
 * A MinIO server for a test: the binary that {@code scripts/minio} finds or builds; the test fails
 * if there is none.
 */
public final class TestMinio extends TestS3Server {

  private TestMinio(String binary) {
    super(
        "minio",
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
    return new TestMinio(TestScripts.binary("minio").toString());
  }

  /** Starts one whose bucket keeps every version. */
  public static TestMinio startVersioned() {
    TestMinio server = start();
    server.enableVersioning();
    return server;
  }
}
