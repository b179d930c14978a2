package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.store.ConditionProxy;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.TestSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.ExpirationStatus;
import software.amazon.awssdk.services.s3.model.LifecycleRule;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;

/** {@code isthmus bucket check} on real buckets, good ones and others; what it prints is shown. */
class BucketCheckIT {

  private static final List<String> WRITING =
      List.of(
          "create if absent",
          "create race",
          "replace if unchanged",
          "replace race",
          "ranged reads",
          "list",
          "read after write",
          "checksum");

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio minio;

  @TempDir private Path directory = Path.of("unset");

  @BeforeAll
  static void start() {
    minio = TestMinio.start();
  }

  @AfterAll
  static void stop() {
    minio.close();
  }

  private static CommandRun run(String... args) {
    CommandRun run = CommandRun.run(args);
    System.out.println("$ isthmus " + String.join(" ", args) + "\n" + run.out() + run.err());
    return run;
  }

  /** Verdicts by check; of one that stands there several times the worst in the order of words. */
  private static Map<String, String> verdicts(CommandRun run) throws IOException {
    JsonNode findings = new ObjectMapper().readTree(run.out()).get("findings");
    var verdicts = new LinkedHashMap<String, String>();
    findings.forEach(f ->
        verdicts.merge(
            f.get("check").asText(),
            f.get("verdict").asText(),
            (one, other) -> one.equals("FAIL") ? one : other));
    return verdicts;
  }

  private static Map<String, String> with(Map<String, String> verdicts, String verdict) {
    var some = new LinkedHashMap<>(verdicts);
    some.values().removeIf(v -> !v.equals(verdict));
    return some;
  }

  /** A bucket of its own, so that its settings are, too. */
  private static String bucket(String name) {
    try (S3AsyncClient client = minio.client()) {
      var _ = client.createBucket(b -> b.bucket(name)).join();
    }
    return name;
  }

  private static String uri(String bucket, String prefix, Path credentials) {
    return "s3://%s/%s?endpoint=%s&credentials_file=%s"
        .formatted(bucket, prefix, minio.endpoint(), credentials);
  }

  private static String uri(String bucket, String prefix) {
    return uri(bucket, prefix, minio.credentialsFile());
  }

  private static Set<String> keys(String bucket) {
    try (S3AsyncClient client = minio.client()) {
      var keys = new TreeSet<String>();
      client.listObjectsV2(r -> r.bucket(bucket)).join().contents().forEach(o -> keys.add(o.key()));
      return keys;
    }
  }

  @Test
  void aGoodServer() throws IOException {
    String bucket = bucket("good-bucket");
    CommandRun shown = run("bucket", "check", uri(bucket, "disks"));
    assertEquals(0, shown.exitCode());
    assertTrue(shown.out().contains("10 rounds of 8 writers at once"), shown.out());
    assertTrue(shown.out().contains("0 WARN, 0 FAIL, 0 SKIP"), shown.out());
    assertEquals(Set.of(), keys(bucket), "it leaves nothing");
    CommandRun quick = run("bucket", "check", uri(bucket, ""), "--quick", "-o", "json");
    assertEquals(Set.of("latency", "throughput"), with(verdicts(quick), "SKIP").keySet());
    assertTrue(new ObjectMapper().readTree(quick.out()).get("requests").asInt() < 250, quick.out());
    assertTrue(
        new ObjectMapper().readTree(quick.out()).get("sent_bytes").asInt() < 1 << 20, quick.out());
  }

  /** The same by the other library. */
  @Test
  void aGoodServerByTheMinioClient() throws IOException {
    String bucket = bucket("by-minio");
    String uri =
        "minio://%s/%s/disks?tls=off&credentials_file=%s"
            .formatted(minio.endpoint().getAuthority(), bucket, minio.credentialsFile());
    CommandRun quick = run("bucket", "check", uri, "--quick", "-o", "json");
    assertEquals(0, quick.exitCode());
    assertEquals(Set.of("latency", "throughput"), with(verdicts(quick), "SKIP").keySet());
    assertEquals(Map.of(), with(verdicts(quick), "WARN"));
    assertEquals(Set.of(), keys(bucket));
  }

  @Test
  void aKeyThatMayOnlyRead() throws Exception {
    String bucket = bucket("read-only");
    Path reader =
        TestSession.credentials(
            minio,
            """
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
             "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::*"]}]}\
            """,
            directory.resolve("reader"));
    CommandRun shown = run("bucket", "check", uri(bucket, "disks", reader));
    assertEquals(1, shown.exitCode());
    assertTrue(shown.out().contains("allow s3:PutObject: `isthmus bucket check"), shown.out());
    assertTrue(shown.out().contains(" 0 WARN, 2 FAIL"), "nothing is left that was never there");
    Map<String, String> verdicts =
        verdicts(run("bucket", "check", uri(bucket, "disks", reader), "-o", "json"));
    assertEquals(Set.of("PutObject", "DeleteObject"), with(verdicts, "FAIL").keySet());
    for (String check : WRITING) {
      assertEquals("SKIP", verdicts.get(check), check);
    }
    assertEquals("OK", verdicts.get("GetObject"));
    assertEquals("OK", verdicts.get("ListBucket"));
    assertEquals("SKIP", verdicts.get("versioning"), "no right to look, which is no fault");
  }

  @Test
  void credentialsAndBucketsThatAreNotThere() throws IOException {
    Path wrong = directory.resolve("wrong");
    Files.writeString(
        wrong, "[default]\naws_access_key_id = nobody12345\naws_secret_access_key = none\n");
    CommandRun nobody = run("bucket", "check", uri(minio.bucket(), "", wrong));
    assertEquals(1, nobody.exitCode());
    assertTrue(nobody.out().contains("the server says 403 InvalidAccessKeyId"), nobody.out());
    CommandRun nowhere = run("bucket", "check", uri("no-such-bucket", ""));
    assertEquals(1, nowhere.exitCode());
    assertTrue(nowhere.out().contains("create-bucket --bucket no-such-bucket"), nowhere.out());
    CommandRun silent =
        run(
            "bucket",
            "check",
            "s3://some-bucket?endpoint=http://127.0.0.1:1&credentials_file="
                + minio.credentialsFile());
    assertEquals(2, silent.exitCode(), silent.err());
    assertEquals(2, run("bucket", "check", "malloc:///x").exitCode());
  }

  @Test
  void settingsThatHarm() throws IOException {
    String bucket = bucket("settings");
    try (S3AsyncClient client = minio.client()) {
      var _ =
          client
              .putBucketVersioning(r ->
                  r.bucket(bucket)
                      .versioningConfiguration(v -> v.status(BucketVersioningStatus.ENABLED)))
              .join();
      rules(
          client,
          bucket,
          LifecycleRule.builder()
              .id("tidy-up")
              .status(ExpirationStatus.ENABLED)
              .filter(f -> f.prefix("disks/"))
              .expiration(e -> e.days(30))
              .build());
      CommandRun shown = run("bucket", "check", uri(bucket, "disks"), "--quick");
      assertEquals(1, shown.exitCode());
      assertTrue(shown.out().contains("rule \"tidy-up\" (prefix \"disks/\") deletes"), shown.out());
      assertTrue(shown.out().contains("mc ilm rule edit --id tidy-up"), shown.out());
      assertTrue(shown.out().contains("NoncurrentVersionExpiration"), shown.out());
      Map<String, String> beside =
          verdicts(run("bucket", "check", uri(bucket, "other"), "--quick", "-o", "json"));
      assertEquals("OK", beside.get("lifecycle"));
      assertEquals("WARN", beside.get("versioning"));
      // What the finding advises mends it.
      rules(
          client,
          bucket,
          LifecycleRule.builder()
              .id("isthmus-noncurrent")
              .status(ExpirationStatus.ENABLED)
              .filter(f -> f.prefix("disks/"))
              .noncurrentVersionExpiration(n -> n.noncurrentDays(1))
              .expiration(e -> e.expiredObjectDeleteMarker(true))
              .build());
      Map<String, String> mended =
          verdicts(run("bucket", "check", uri(bucket, "disks"), "--quick", "-o", "json"));
      assertEquals("OK", mended.get("lifecycle"));
      assertEquals("OK", mended.get("versioning"));
    }
  }

  private static void rules(S3AsyncClient client, String bucket, LifecycleRule... rules) {
    var _ =
        client
            .putBucketLifecycleConfiguration(
                r -> r.bucket(bucket).lifecycleConfiguration(c -> c.rules(rules)))
            .join();
  }

  @Test
  void aDefaultRetention() throws IOException {
    try (S3AsyncClient client = minio.client()) {
      var _ = client.createBucket(b -> b.bucket("locked").objectLockEnabledForBucket(true)).join();
      var _ =
          client
              .putObjectLockConfiguration(r ->
                  r.bucket("locked")
                      .objectLockConfiguration(c ->
                          c.objectLockEnabled("Enabled")
                              .rule(l ->
                                  l.defaultRetention(
                                      d -> d.mode(ObjectLockRetentionMode.GOVERNANCE).days(1)))))
              .join();
    }
    Map<String, String> verdicts =
        verdicts(run("bucket", "check", uri("locked", ""), "--quick", "-o", "json"));
    assertEquals(Set.of("versioning", "object lock"), with(verdicts, "WARN").keySet());
  }

  @Test
  void aProviderWithoutConditionalWrites() throws IOException {
    try (var proxy = new ConditionProxy(minio, ConditionProxy.Fault.IGNORES)) {
      String uri = proxy.volumeUri("disks", "");
      CommandRun shown = run("bucket", "check", uri, "--quick");
      assertEquals(1, shown.exitCode());
      assertTrue(shown.out().contains("If-None-Match is ignored"), shown.out());
      Map<String, String> verdicts = verdicts(run("bucket", "check", uri, "--quick", "-o", "json"));
      assertEquals(
          Set.of("create if absent", "create race", "replace if unchanged", "replace race"),
          with(verdicts, "FAIL").keySet());
    }
  }

  @Test
  void aProviderThatTakesQuotesForAPartOfAnETag() throws IOException {
    try (var proxy = new ConditionProxy(minio, ConditionProxy.Fault.WANTS_BARE_ETAG)) {
      CommandRun shown = run("bucket", "check", proxy.volumeUri("disks", ""), "--quick");
      assertEquals(1, shown.exitCode());
      assertTrue(shown.out().contains("the ETag's quotes left out of If-Match"), shown.out());
    }
  }

  @Test
  void aDirectory() throws IOException {
    String uri = "bucket+file://" + directory.resolve("bucket");
    CommandRun shown = run("bucket", "check", uri);
    assertEquals(0, shown.exitCode());
    Map<String, String> verdicts = verdicts(run("bucket", "check", uri, "--quick", "-o", "json"));
    assertEquals(
        Set.of(
            "credentials",
            "clock",
            "checksum",
            "latency",
            "throughput",
            "versioning",
            "object lock",
            "lifecycle"),
        with(verdicts, "SKIP").keySet());
    assertEquals(Map.of(), with(verdicts, "FAIL"));
  }

  @Test
  void whatAKilledCheckLeftIsNamed() {
    String bucket = bucket("leftovers");
    try (S3AsyncClient client = minio.client()) {
      var _ =
          client
              .putObject(
                  r -> r.bucket(bucket).key("disks/.isthmus-check/0123456789ab/object"),
                  AsyncRequestBody.fromString("x"))
              .join();
    }
    CommandRun shown = run("bucket", "check", uri(bucket, "disks"), "--quick");
    assertEquals(0, shown.exitCode());
    assertTrue(
        shown.out().contains("s3 rm --recursive s3://leftovers/disks/.isthmus-check/0123456789ab/"),
        shown.out());
    assertEquals(1, keys(bucket).size(), "it deletes its own alone");
  }

  /** As by Ctrl-C: what it has written by then is deleted before the process ends. */
  @Test
  void anInterruptedCheckLeavesNothing() throws Exception {
    String bucket = bucket("interrupted");
    Path out = directory.resolve("out");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Main.class.getName(),
                "bucket",
                "check",
                uri(bucket, "disks"))
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!Files.readString(out).contains("create if absent")) {
      assertTrue(process.isAlive() && System.nanoTime() < deadline, Files.readString(out));
      Thread.sleep(5);
    }
    process.destroy();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "it ends");
    String printed = Files.readString(out);
    assertTrue(!printed.contains("OK, "), "it ended before its end: " + printed);
    assertTrue(!printed.contains("defect"), printed);
    assertEquals(Set.of(), keys(bucket));
  }

  /** Nothing is written below a volume, where it would be in the way. */
  @Test
  void aVolumesPlaceIsNotARoot() {
    String bucket = bucket("volumes");
    try (var buckets = new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory))) {
      buckets.create(StorageUri.parse(uri(bucket, "disks/db") + "&size=8MiB")).close();
    }
    Set<String> before = keys(bucket);
    CommandRun refused = run("bucket", "check", uri(bucket, "disks/db"), "--quick");
    assertEquals(2, refused.exitCode());
    assertTrue(refused.err().contains("--volume"), refused.err());
    assertEquals(
        0, run("bucket", "check", uri(bucket, "disks/db"), "--volume", "--quick").exitCode());
    assertEquals(before, keys(bucket));
  }

  private Path session(String uri, String... more) throws Exception {
    var args = new ArrayList<>(List.of("bucket", "check", uri, "--policy"));
    args.addAll(List.of(more));
    CommandRun printed = run(args.toArray(String[]::new));
    assertEquals(0, printed.exitCode());
    assertTrue(new ObjectMapper().readTree(printed.out()).has("Statement"), "it is JSON");
    return TestSession.credentials(minio, printed.out(), directory.resolve("session"));
  }

  /** A gateway needs no more than the policy that is printed. */
  @Test
  void theLeastPolicyIsEnough() throws Exception {
    String bucket = bucket("least");
    Path session = session(uri(bucket, "disks"));
    Map<String, String> verdicts =
        verdicts(run("bucket", "check", uri(bucket, "disks", session), "--quick", "-o", "json"));
    assertEquals(Map.of(), with(verdicts, "FAIL"));
    assertEquals(
        Set.of("latency", "throughput", "versioning", "object lock", "lifecycle"),
        with(verdicts, "SKIP").keySet());
    serve(uri(bucket, "disks/db", session));
    assertEquals(Set.of(), keys(bucket), "what it created it deleted");
    // And it allows nothing beside the prefix.
    Map<String, String> beside =
        verdicts(run("bucket", "check", uri(bucket, "other", session), "--quick", "-o", "json"));
    assertEquals(
        Set.of("ListBucket", "PutObject", "GetObject", "DeleteObject"),
        with(beside, "FAIL").keySet());
  }

  @Test
  void theLeastPolicyOfOneVolumeIsEnoughForIt() throws Exception {
    String bucket = bucket("one-volume");
    String volume = uri(bucket, "some/disks/db");
    Path session = session(volume, "--volume", "--optional");
    serve(uri(bucket, "some/disks/db", session));
    Map<String, String> verdicts =
        verdicts(
            run(
                "bucket",
                "check",
                uri(bucket, "some/disks/db", session),
                "--volume",
                "--quick",
                "-o",
                "json"));
    assertEquals(Map.of(), with(verdicts, "FAIL"));
    assertEquals(Set.of("latency", "throughput"), with(verdicts, "SKIP").keySet());
  }

  /** A volume's whole life. */
  private void serve(String uri) {
    Path logs = directory.resolve("logs");
    byte[] data = StoreTesting.bytes(1 << 20, 5);
    try (var buckets = new ObjectVolumeProvider(ObjectVolumeSettings.defaults(logs))) {
      try (ObjectVolume volume =
          buckets.create(StorageUri.parse(uri + "&size=8MiB&flush=uploaded"))) {
        var disk = new BlockingDevice(volume);
        disk.writeAt(0, data);
        disk.flush();
      }
      try (ObjectVolume volume = buckets.open(StorageUri.parse(uri))) {
        byte[] back = new byte[data.length];
        new BlockingDevice(volume).readAt(0, back);
        assertArrayEquals(data, back);
      }
      buckets.delete(StorageUri.parse(uri), _ -> {});
    }
  }
}
