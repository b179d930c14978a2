package dev.isthmus.blocktranslation.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.s3.CredentialSource;
import dev.isthmus.blocktranslation.store.s3.Placement;
import dev.isthmus.blocktranslation.store.s3.ProxyChoice;
import dev.isthmus.blocktranslation.store.s3.S3Endpoint;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import dev.isthmus.blocktranslation.store.s3.Tls;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
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

  private static S3Settings settings(String uri) {
    return assertInstanceOf(StoreAddress.S3.class, volume(uri).address()).settings();
  }

  @Test
  void minio() {
    BucketUri uri = volume("minio://minio.lan:9001/disks/team-a/eu/db1?region=eu-1&size=1GiB");
    assertEquals("team-a/eu/db1/", uri.volumePrefix());
    S3Settings settings = settings("minio://minio.lan:9001/disks/team-a/eu/db1?region=eu-1");
    assertEquals(new StoreAddress.S3(settings), uri.address());
    assertEquals(S3Settings.Client.MINIO, settings.client());
    assertEquals("disks", settings.bucket());
    assertEquals(
        new S3Endpoint(URI.create("https://minio.lan:9001"), "eu-1", true, false, false),
        settings.endpoint());
    assertEquals("minio://minio.lan:9001/disks", settings.description());
    assertEquals("db1/", volume("minio://minio.lan/disks/db1").volumePrefix());
    assertEquals("", BucketUri.ofRoot(StorageUri.parse("minio://h:1/disks")).rootPrefix());
    assertEquals("a/b/", BucketUri.ofRoot(StorageUri.parse("minio://h:1/disks/a/b/")).rootPrefix());
  }

  /** TLS unless the server is this machine, by its address as it is written. */
  @Test
  void minioSpeaksTlsToOthers() {
    for (String[] c :
        new String[][] {
          {"minio.lan", "https://minio.lan:9000"},
          {"10.0.0.7:9000", "https://10.0.0.7:9000"},
          {"localhost.example.com", "https://localhost.example.com:9000"},
          {"localhost:1", "http://localhost:1"},
          {"127.0.0.1:1", "http://127.0.0.1:1"},
          {"127.1.2.3:1", "http://127.1.2.3:1"},
          {"[::1]:1", "http://[::1]:1"},
        }) {
      assertEquals(
          URI.create(c[1]), settings("minio://" + c[0] + "/disks/v").endpoint().url(), c[0]);
    }
    assertEquals(
        URI.create("http://minio.lan:9000"),
        settings("minio://minio.lan/disks/v?tls=off").endpoint().url());
    assertEquals(
        URI.create("https://127.0.0.1:9000"),
        settings("minio://127.0.0.1/disks/v?tls=on").endpoint().url());
  }

  @Test
  void everythingThatCanBeSaidOfABucket() {
    S3Settings settings =
        settings(
            "s3://disks/v?region=eu-central-1&dualstack=true&fips=true&path_style=true"
                + "&role_arn=arn:aws:iam::123456789012:role/disks&external_id=x-1"
                + "&ca_file=/etc/ca.pem&proxy=http://proxy.lan:3128&sse=kms&kms_key=alias/disks"
                + "&storage_class=STANDARD_IA&tags=team:storage,cost%20center:42:a");
    assertEquals(new S3Endpoint(null, "eu-central-1", true, true, true), settings.endpoint());
    assertEquals(
        new CredentialSource(
            null,
            null,
            new CredentialSource.AssumedRole("arn:aws:iam::123456789012:role/disks", "x-1")),
        settings.credentials());
    assertEquals(new Tls(Path.of("/etc/ca.pem"), false), settings.tls());
    assertEquals(new ProxyChoice.Through("proxy.lan", 3128), settings.proxy());
    assertEquals(
        new Placement(
            new Placement.Encryption.OfKeyService("alias/disks"),
            "STANDARD_IA",
            Map.of("team", "storage", "cost center", "42:a")),
        settings.placement());
    assertEquals(ProxyChoice.direct(), settings("s3://disks/v?proxy=none").proxy());
    assertFalse(settings("s3://disks/v").endpoint().pathStyle());
    assertTrue(settings("s3://disks/v?endpoint=http://h").endpoint().pathStyle());
    assertFalse(settings("s3://disks/v?endpoint=http://h&path_style=false").endpoint().pathStyle());
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
        "s3://disks/v?path_style=yes",
        "s3://disks/v?endpoint=http://h&dualstack=true",
        "s3://disks/v?endpoint=http://h&fips=true",
        "s3://disks/v?endpoint=http://h&ca_file=/ca.pem",
        "s3://disks/v?ca_file=ca.pem",
        "s3://disks/v?ca_file=/ca.pem&insecure_skip_verify=true",
        "s3://disks/v?proxy=https://h:1",
        "s3://disks/v?proxy=http://h",
        "s3://disks/v?proxy=http://h:1/path",
        "s3://disks/v?proxy=off",
        "s3://disks/v?sse=aes",
        "s3://disks/v?kms_key=alias/x",
        "s3://disks/v?sse=s3&kms_key=alias/x",
        "s3://disks/v?sse=kms&kms_key=a%20b",
        "s3://disks/v?storage_class=standard",
        "s3://disks/v?storage_class=GLACIER",
        "s3://disks/v?storage_class=DEEP_ARCHIVE",
        "s3://disks/v?tags=",
        "s3://disks/v?tags=a",
        "s3://disks/v?tags=:b",
        "s3://disks/v?tags=a:b,a:c",
        "s3://disks/v?tags=a:b%26c",
        "s3://disks/v?tags=a:,b:,c:,d:,e:,f:,g:,h:,i:,j:,k:",
        "s3://disks/v?role_arn=admin",
        "s3://disks/v?external_id=abc",
        "s3://disks/v?role_arn=arn:aws:iam::1:role/x&external_id=%7f",
        "s3://disks/v?tls=off",
        "minio://h:9000/v",
        "minio:///bucket/v",
        "minio://h:x/bucket/v",
        "minio://h:9000/BUCKET/v",
        "minio://h:9000/bucket/V",
        "minio://h:9000//bucket/v",
        "minio://h:9000/bucket//v",
        "minio://h:9000/bucket/v?tls=maybe",
        "minio://h:9000/bucket/v?endpoint=http://h",
        "minio://h:9000/bucket/v?path_style=true",
        "minio://h:9000/bucket/v?tls=off&ca_file=/ca.pem",
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
  void aSecretInAValueIsNotRepeated() {
    for (String query :
        new String[] {
          "endpoint=http://user:hunter2@h",
          "endpoint=http://user:hunter2@h%20x",
          "proxy=http://user:hunter2@h:1",
          "proxy=http://user:hunter2@h:x",
          "role_arn=hunter2",
          "credentials_file=hunter2",
          "ca_file=hunter2",
          "profile=hunter2%0a",
          "tags=hunter2",
          "secret_key=hunter2"
        }) {
      var e = assertThrows(DeviceException.Invalid.class, () -> volume("s3://disks/v?" + query));
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
