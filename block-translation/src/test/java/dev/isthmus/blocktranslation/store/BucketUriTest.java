package dev.isthmus.blocktranslation.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.s3.CredentialSource;
import dev.isthmus.blocktranslation.store.s3.S3Endpoint;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import java.net.URI;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketUriTest {

  private static final Set<String> VOLUME_KEYS = Set.of("size", "takeover");

  private static BucketUri volume(String uri) {
    return BucketUri.ofVolume(StorageUri.parse(uri), VOLUME_KEYS);
  }

  @Test
  void s3() {
    BucketUri uri =
        volume(
            "s3://disks/team-a/eu/db1?endpoint=http://127.0.0.1:9000&region=eu-1&size=1GiB"
                + "&credentials_file=/etc/isthmus/credentials&profile=db");
    assertEquals("team-a/eu/", uri.rootPrefix());
    assertEquals("db1", uri.volume());
    assertEquals("team-a/eu/db1/", uri.volumePrefix());
    assertEquals(
        new StoreAddress.S3(
            S3Settings.of(
                "disks",
                new S3Endpoint(URI.create("http://127.0.0.1:9000"), "eu-1", true, false, false),
                new CredentialSource(Path.of("/etc/isthmus/credentials"), "db", null))),
        uri.address());
    assertEquals("db1/", volume("s3://disks/db1").volumePrefix());
  }

  @Test
  void directory() {
    BucketUri uri = volume("bucket+file:///srv/bucket/db1?takeover=lossy");
    assertEquals("db1/", uri.volumePrefix());
    assertEquals(new StoreAddress.Directory(Path.of("/srv/bucket")), uri.address());
  }

  @Test
  void roots() {
    for (String root : new String[] {"s3://disks/a/b", "s3://disks/a/b/"}) {
      BucketUri uri = BucketUri.ofRoot(StorageUri.parse(root));
      assertEquals("a/b/", uri.rootPrefix());
      assertThrows(IllegalStateException.class, uri::volumePrefix);
    }
    assertEquals("", BucketUri.ofRoot(StorageUri.parse("s3://disks")).rootPrefix());
    assertEquals("", BucketUri.ofRoot(StorageUri.parse("s3://disks/")).rootPrefix());
    assertEquals(
        new StoreAddress.Directory(Path.of("/srv/bucket")),
        BucketUri.ofRoot(StorageUri.parse("bucket+file:///srv/bucket/")).address());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///x/v",
        "s3://disks",
        "s3://disks/",
        "s3:///v",
        "s3://DISKS/v",
        "s3://a/v",
        "s3://disks:9000/v",
        "s3://disks/V",
        "s3://disks/-v",
        "s3://disks/..",
        "s3://disks/a/../v",
        "s3://disks//v",
        "s3://disks/a%20b/v",
        "s3://disks/a%2F%2Fb/v",
        "s3://disks/v?region=EU",
        "s3://disks/v?endpoint=ftp://h",
        "s3://disks/v?endpoint=http://h/path",
        "s3://disks/v?endpoint=http://h%3Fx=y",
        "s3://disks/v?endpoint=nonsense",
        "s3://disks/v?credentials_file=relative",
        "s3://disks/v?profile=%0a",
        "bucket+file:///v",
        "bucket+file://host/dir/v",
        "bucket+file:///dir/../etc/v",
        "bucket+file:///dir/v/",
        "bucket+file:///dir/v?endpoint=http://h"
      })
  void refused(String uri) {
    assertThrows(DeviceException.Invalid.class, () -> volume(uri));
  }

  @Test
  void unknownKeysAreNamedWithAllKnownOnes() {
    var e =
        assertThrows(DeviceException.Invalid.class, () -> volume("s3://disks/v?secret_key=abc"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("secret_key"), message);
    assertTrue(message.contains("takeover"), message);
    assertTrue(message.contains("endpoint"), message);
    assertFalse(message.contains("abc"), message);
  }

  @Test
  void aSecretInAnEndpointIsNotRepeated() {
    for (String endpoint : new String[] {"http://user:hunter2@h", "http://user:hunter2@h%20x"}) {
      var e =
          assertThrows(
              DeviceException.Invalid.class, () -> volume("s3://disks/v?endpoint=" + endpoint));
      assertFalse(String.valueOf(e.getMessage()).contains("hunter2"), e.getMessage());
    }
  }

  @Test
  void longestNames() {
    assertEquals("v".repeat(63) + "/", volume("s3://disks/" + "v".repeat(63)).volumePrefix());
    assertThrows(DeviceException.Invalid.class, () -> volume("s3://disks/" + "v".repeat(64)));
    assertThrows(
        DeviceException.Invalid.class, () -> volume("s3://disks/" + "a/".repeat(129) + "v"));
  }
}
