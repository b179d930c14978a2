package dev.isthmus.blocktranslation.store.s3;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The host names that a URI leads to, by the SDK's endpoint rules, as a proxy is asked for them: it
 * refuses, so that nothing leaves this machine.
 */
class S3EndpointTest {

  @ParameterizedTest
  @CsvSource({
    "region=eu-central-1, disks.s3.eu-central-1.amazonaws.com:443",
    "region=eu-central-1&path_style=true, s3.eu-central-1.amazonaws.com:443",
    "region=us-gov-west-1, disks.s3.us-gov-west-1.amazonaws.com:443",
    "region=us-gov-west-1&fips=true, disks.s3-fips.us-gov-west-1.amazonaws.com:443",
    "region=cn-north-1, disks.s3.cn-north-1.amazonaws.com.cn:443",
    "region=cn-north-1&dualstack=true, disks.s3.dualstack.cn-north-1.amazonaws.com.cn:443",
    "region=us-east-2&dualstack=true, disks.s3.dualstack.us-east-2.amazonaws.com:443",
    "region=us-east-2&fips=true, disks.s3-fips.us-east-2.amazonaws.com:443",
    "region=us-east-2&fips=true&dualstack=true,"
        + " disks.s3-fips.dualstack.us-east-2.amazonaws.com:443",
    "endpoint=http://127.0.0.1:9, 127.0.0.1:9",
    "endpoint=https://s3.example.com&path_style=false, disks.s3.example.com:443",
  })
  void hosts(String query, String host, @TempDir Path directory) throws IOException {
    Path file = directory.resolve("credentials");
    Files.writeString(file, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n");
    var uri =
        BucketUri.ofVolume(
            StorageUri.parse("s3://disks/v?credentials_file=" + file + "&" + query), Set.of());
    try (var listening = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      var asked = CompletableFuture.supplyAsync(() -> refuse(listening));
      var settings =
          ((StoreAddress.S3) uri.address())
              .settings()
              .with(new ProxyChoice.Through("127.0.0.1", listening.getLocalPort()));
      try (S3Connection connection = S3Connection.open(settings, StoreLimits.DEFAULT)) {
        var request = connection.client().headObject(r -> r.bucket(settings.bucket()).key("k"));
        assertEquals("CONNECT " + host + " HTTP/1.1", asked.join());
        request.cancel(true);
      }
    }
  }

  private static String refuse(ServerSocket listening) {
    try (Socket client = listening.accept()) {
      String line =
          new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII)).readLine();
      client.getOutputStream().write("HTTP/1.1 403 Forbidden\r\n\r\n".getBytes(US_ASCII));
      return line;
    } catch (IOException e) {
      return e.toString();
    }
  }
}
