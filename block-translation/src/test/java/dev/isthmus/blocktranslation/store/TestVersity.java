package dev.isthmus.blocktranslation.store;

import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/**
 * A VersityGW server for a test: the binary that {@code scripts/versitygw} finds or builds; the
 * test fails if there is none.
 */
public final class TestVersity extends TestS3Server {

  private TestVersity(String binary) {
    super(
        "versitygw",
        (address, data, accessKey, secretKey) ->
            new Launch(
                List.of(
                    binary,
                    "--port",
                    address,
                    "posix",
                    "--versioning-dir",
                    Files.createDirectories(data.resolveSibling("versions")).toString(),
                    data.toString()),
                Map.of("ROOT_ACCESS_KEY", accessKey, "ROOT_SECRET_KEY", secretKey)));
  }

  /** Starts one, with an empty bucket. */
  public static TestVersity start() {
    return new TestVersity(TestScripts.binary("versitygw").toString());
  }

  /** Starts one whose bucket keeps every version. */
  public static TestVersity startVersioned() {
    TestVersity server = start();
    server.enableVersioning();
    return server;
  }
}
