package dev.isthmus.blocktranslation.store.directory;

import static dev.isthmus.blocktranslation.store.StoreTesting.assertFails;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.ObjectStoreContract;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract in a directory, and what is a directory's own. */
class DirectoryStoreTest extends ObjectStoreContract {

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);
  private static final ScheduledThreadPoolExecutor TIMER = StoreTesting.timerExecutor();

  @SuppressWarnings("NullAway.Init") // set by JUnit
  @TempDir
  private Path directory;

  @Override
  protected ObjectStore openStore() {
    return open(directory.resolve("bucket"));
  }

  private static ObjectStore open(Path root) {
    return DirectoryStore.open(
        root, StoreLimits.DEFAULT.withRequests(64, 4096), new ExecutorStoreTimer(TIMER));
  }

  @AfterAll
  static void stop() {
    TIMER.shutdownNow();
  }

  private Path objectFile(String key) {
    return directory.resolve("bucket/objects").resolve(key);
  }

  @Test
  void equalBodiesHaveDifferentTags() {
    try (ObjectStore store = openStore()) {
      var first = join(store.put("a", segments(bytes(9, 1)), PutCondition.always(), ADMIN));
      var second = join(store.put("a", segments(bytes(9, 1)), PutCondition.always(), ADMIN));
      assertFalse(first.equals(second));
    }
  }

  @Test
  void damageIsCorrupt() throws IOException {
    try (ObjectStore store = openStore()) {
      for (int at : new int[] {0, 9, 20, 33, 40, 61, 64, 163}) {
        join(store.put("x/a", segments(bytes(100, 1)), PutCondition.always(), ADMIN));
        try (var channel =
            FileChannel.open(
                objectFile("x/a"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
          ByteBuffer one = ByteBuffer.allocate(1);
          channel.read(one, at);
          channel.write(ByteBuffer.wrap(new byte[] {(byte) (one.get(0) ^ 4)}), at);
        }
        assertFails(StoreException.Corrupt.class, store.get("x/a", ByteRange.whole(100), ADMIN));
      }
      join(store.put("x/a", segments(bytes(100, 1)), PutCondition.always(), ADMIN));
      try (var channel = FileChannel.open(objectFile("x/a"), StandardOpenOption.WRITE)) {
        channel.truncate(120);
      }
      assertFails(StoreException.Corrupt.class, store.get("x/a", ByteRange.span(0, 5), ADMIN));
    }
  }

  @Test
  void aKeyBelowAnObjectIsRefused() {
    try (ObjectStore store = openStore()) {
      join(store.put("a/b", segments(bytes(1, 1)), PutCondition.ifAbsent(), ADMIN));
      for (var condition : new PutCondition[] {PutCondition.ifAbsent(), PutCondition.always()}) {
        assertFails(
            StoreException.Invalid.class,
            store.put("a/b/c", segments(bytes(1, 1)), condition, ADMIN));
        assertFails(
            StoreException.Invalid.class, store.put("a", segments(bytes(1, 1)), condition, ADMIN));
      }
      assertFails(StoreException.NotFound.class, store.get("a/b/c", ByteRange.whole(1), ADMIN));
      assertFails(StoreException.NotFound.class, store.get("a", ByteRange.whole(1), ADMIN));
      join(store.delete("a", ADMIN));
      join(store.delete("a/b/c", ADMIN));
      join(store.get("a/b", ByteRange.whole(1), ADMIN));
    }
  }

  @Test
  void nothingIsLeftInTmpAndOldLeftoversGo() throws IOException {
    Path tmp = directory.resolve("bucket/tmp");
    try (ObjectStore store = openStore()) {
      join(store.put("a", segments(bytes(9, 1)), PutCondition.ifAbsent(), ADMIN));
      join(store.put("a", segments(bytes(9, 1)), PutCondition.always(), ADMIN));
      assertFails(
          StoreException.PreconditionFailed.class,
          store.put("a", segments(bytes(9, 1)), PutCondition.ifAbsent(), ADMIN));
      try (var left = Files.list(tmp)) {
        assertEquals(0, left.count());
      }
    }
    Path old = Files.createFile(tmp.resolve("0123"));
    Path fresh = Files.createFile(tmp.resolve("4567"));
    Files.setLastModifiedTime(
        old,
        FileTime.from(
            Instant.now().minus(BucketDirectory.MAX_TEMPORARY_AGE).minus(Duration.ofMinutes(1))));
    openStore().close();
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(fresh));
  }

  @Test
  void aBucketThatIsGoneHasNoAbsentObjects() throws IOException {
    try (ObjectStore store = openStore()) {
      Files.move(directory.resolve("bucket"), directory.resolve("elsewhere"));
      assertFails(StoreException.Unavailable.class, store.get("a", ByteRange.whole(1), ADMIN));
      assertFails(StoreException.Unavailable.class, store.list("", null, 1, ADMIN));
      assertFails(
          StoreException.Unavailable.class,
          store.put("a", segments(bytes(1, 1)), PutCondition.ifAbsent(), ADMIN));
      assertFalse(Files.exists(directory.resolve("bucket")));
    }
  }

  @Test
  void onlyABucketOrAnEmptyDirectoryIsOpened() throws IOException {
    Files.writeString(directory.resolve("letter.txt"), "mine");
    assertThrows(StoreException.Invalid.class, () -> open(directory));
    assertThrows(StoreException.Invalid.class, () -> open(directory.resolve("letter.txt")));
    assertThrows(StoreException.Invalid.class, () -> open(directory.resolve("no/parent")));
  }

  @Test
  void foreignFilesAreNotListedAndLinksNotFollowed() throws IOException {
    try (ObjectStore store = openStore()) {
      join(store.put("a/b", segments(bytes(1, 1)), PutCondition.ifAbsent(), ADMIN));
      Files.writeString(objectFile("a/not a key"), "x");
      Files.createSymbolicLink(objectFile("a/link"), objectFile("a/b"));
      var page = join(store.list("", null, 10, ADMIN));
      assertEquals(1, page.objects().size());
      assertFails(
          StoreException.Unavailable.class,
          store.get(
              "a/link",
              ByteRange.whole(1),
              new RequestOptions(RequestPurpose.ADMIN, 300_000_000L)));
    }
  }
}
