package dev.isthmus.blocktranslation.store;

import static dev.isthmus.blocktranslation.store.StoreTesting.assertFails;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytesOf;
import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every {@link ObjectStore} does. A subclass gives stores over one bucket that keeps its
 * content during a test; each test works under a prefix of its own.
 */
public abstract class ObjectStoreContract {

  private static final RequestOptions READ = RequestOptions.of(RequestPurpose.READ);
  private static final RequestOptions SEGMENT = RequestOptions.of(RequestPurpose.SEGMENT);
  private static final RequestOptions MANIFEST = RequestOptions.of(RequestPurpose.MANIFEST);
  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);
  private static final int MIB = 1 << 20;

  private final List<ObjectStore> opened = new ArrayList<>();
  private final String prefix = "contract-" + Long.toHexString(new Random().nextLong()) + "/";
  private ObjectStore store;

  /** Another store over the same bucket, as another host would open it. */
  protected abstract ObjectStore openStore();

  /**
   * Whether {@link PutCondition#ifAbsent} takes a key whose object was deleted for an absent one. A
   * server that does not is a defect of that server, written down with the class that says so.
   */
  protected boolean createsWhereItDeleted() {
    return true;
  }

  @SuppressWarnings("NullAway.Init") // set by open(), which JUnit calls first
  protected ObjectStoreContract() {}

  @BeforeEach
  void open() {
    store = another();
  }

  @AfterEach
  void close() {
    opened.forEach(ObjectStore::close);
  }

  private ObjectStore another() {
    ObjectStore another = openStore();
    opened.add(another);
    return another;
  }

  private ETag put(String key, byte[] body, PutCondition condition) {
    return join(store.put(prefix + key, segments(body), condition, SEGMENT));
  }

  private StoredObject get(String key, ByteRange range) {
    return join(store.get(prefix + key, range, READ));
  }

  @Test
  void whatWasPutIsThere() {
    byte[] body = bytes(10_000, 1);
    ETag etag = put("a", body, PutCondition.ifAbsent());
    StoredObject object = get("a", ByteRange.whole(MIB));
    assertArrayEquals(body, bytesOf(object));
    assertEquals(etag, object.etag());
    assertEquals(0, object.offsetBytes());
    assertEquals(10_000, object.objectLengthBytes());
    assertTrue(object.body().isReadOnly());
    assertArrayEquals(body, bytesOf(join(another().get(prefix + "a", ByteRange.whole(MIB), READ))));
  }

  @Test
  void bodyOfManyNativeAndHeapSegments() {
    byte[] body = bytes(300_001, 2);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment part = arena.allocate(200_000);
      MemorySegment.copy(body, 0, part, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, 200_000);
      MemorySegment heap = MemorySegment.ofArray(body);
      var list =
          List.of(
              part.asSlice(0, 0),
              part.asSlice(0, 70_000),
              part.asSlice(70_000),
              heap.asSlice(200_000, 1),
              heap.asSlice(200_001));
      join(store.put(prefix + "a", list, PutCondition.always(), SEGMENT));
    }
    assertArrayEquals(body, bytesOf(get("a", ByteRange.whole(MIB))));
  }

  @Test
  void emptyBody() {
    ETag etag = put("empty", new byte[0], PutCondition.ifAbsent());
    StoredObject object = get("empty", ByteRange.whole(1));
    assertEquals(0, object.body().byteSize());
    assertEquals(0, object.objectLengthBytes());
    assertEquals(etag, object.etag());
    assertFails(
        StoreException.OutOfRange.class, store.get(prefix + "empty", ByteRange.span(0, 1), READ));
    assertFails(
        StoreException.OutOfRange.class, store.get(prefix + "empty", ByteRange.tail(1), READ));
    assertFails(
        StoreException.PreconditionFailed.class,
        store.put(prefix + "empty", segments(bytes(1, 1)), PutCondition.ifAbsent(), SEGMENT));
  }

  @Test
  void rangesAtTheEdges() {
    byte[] body = bytes(1000, 3);
    ETag etag = put("r", body, PutCondition.ifAbsent());
    assertSlice(body, 0, 1, get("r", ByteRange.span(0, 1)));
    assertSlice(body, 0, 1000, get("r", ByteRange.span(0, 1000)));
    assertSlice(body, 0, 1000, get("r", ByteRange.span(0, 5000)));
    assertSlice(body, 999, 1, get("r", ByteRange.span(999, 1)));
    assertSlice(body, 999, 1, get("r", ByteRange.span(999, 4096)));
    assertSlice(body, 400, 200, get("r", ByteRange.span(400, 200)));
    assertSlice(body, 990, 10, get("r", ByteRange.tail(10)));
    assertSlice(body, 0, 1000, get("r", ByteRange.tail(1000)));
    assertSlice(body, 0, 1000, get("r", ByteRange.tail(1001)));
    assertSlice(body, 0, 1000, get("r", ByteRange.whole(1000)));
    assertEquals(etag, get("r", ByteRange.span(400, 200)).etag());
    for (long offset : new long[] {1000, 1001, 1L << 40}) {
      assertFails(
          StoreException.OutOfRange.class,
          store.get(prefix + "r", ByteRange.span(offset, 1), READ));
    }
    assertFails(StoreException.Corrupt.class, store.get(prefix + "r", ByteRange.whole(999), READ));
  }

  private static void assertSlice(byte[] whole, int offset, int length, StoredObject actual) {
    assertEquals(offset, actual.offsetBytes());
    assertEquals(whole.length, actual.objectLengthBytes());
    assertArrayEquals(
        java.util.Arrays.copyOfRange(whole, offset, offset + length), bytesOf(actual));
  }

  @Test
  void absentObjects() {
    for (ByteRange range : List.of(ByteRange.whole(10), ByteRange.span(5, 5), ByteRange.tail(5))) {
      assertFails(StoreException.NotFound.class, store.get(prefix + "deep/down/none", range, READ));
    }
    assertEquals(3, store.statistics().of(RequestKind.GET, RequestPurpose.READ).notFound());
    assertEquals(0, store.statistics().of(RequestKind.GET, RequestPurpose.READ).failures());
    assertNull(join(store.delete(prefix + "none", ADMIN)));
    assertFails(
        StoreException.PreconditionFailed.class,
        store.put(
            prefix + "none",
            segments(bytes(1, 1)),
            PutCondition.ifMatch(new ETag("\"0123456789abcdef0123456789abcdef\"")),
            MANIFEST));
    assertFails(
        StoreException.NotFound.class, store.get(prefix + "none", ByteRange.whole(10), READ));
  }

  @Test
  void deleteIsIdempotentAndTheKeyIsFreeAgain() {
    put("d/x", bytes(10, 1), PutCondition.ifAbsent());
    join(store.delete(prefix + "d/x", ADMIN));
    join(store.delete(prefix + "d/x", ADMIN));
    assertFails(
        StoreException.NotFound.class, store.get(prefix + "d/x", ByteRange.whole(10), READ));
    if (!createsWhereItDeleted()) {
      assertFails(
          StoreException.PreconditionFailed.class,
          store.put(prefix + "d/x", segments(bytes(11, 2)), PutCondition.ifAbsent(), SEGMENT));
      return;
    }
    put("d/x", bytes(11, 2), PutCondition.ifAbsent());
    assertEquals(11, get("d/x", ByteRange.whole(11)).body().byteSize());
  }

  @Test
  void conditions() {
    ETag first = put("m", bytes(100, 1), PutCondition.ifAbsent());
    var refused =
        assertFails(
            StoreException.PreconditionFailed.class,
            store.put(prefix + "m", segments(bytes(100, 2)), PutCondition.ifAbsent(), MANIFEST));
    assertEquals(1, refused.attempts());
    ETag second = put("m", bytes(100, 3), PutCondition.ifMatch(first));
    assertNotEquals(first, second);
    assertFails(
        StoreException.PreconditionFailed.class,
        store.put(prefix + "m", segments(bytes(100, 4)), PutCondition.ifMatch(first), MANIFEST));
    assertArrayEquals(bytes(100, 3), bytesOf(get("m", ByteRange.whole(100))));
    ETag third = put("m", bytes(50, 5), PutCondition.always());
    assertFails(
        StoreException.PreconditionFailed.class,
        store.put(prefix + "m", segments(bytes(100, 4)), PutCondition.ifMatch(second), MANIFEST));
    assertEquals(third, get("m", ByteRange.whole(100)).etag());
  }

  /** Creators in a race: exactly one wins, and the object is the winner's. */
  @Test
  void createRace() {
    int rounds = 100;
    var stores = List.of(store, another());
    for (int round = 0; round < rounds; round++) {
      String key = prefix + "race/" + round;
      var puts = new ArrayList<CompletableFuture<ETag>>();
      for (int creator = 0; creator < 8; creator++) {
        puts.add(
            stores
                .get(creator % 2)
                .put(
                    key,
                    segments(bytes(2000, round * 8 + creator)),
                    PutCondition.ifAbsent(),
                    SEGMENT));
      }
      int winner = onlyWinner(puts, "round " + round);
      StoredObject object = join(store.get(key, ByteRange.whole(2000), READ));
      assertArrayEquals(bytes(2000, round * 8 + winner), bytesOf(object));
      assertEquals(puts.get(winner).join(), object.etag());
    }
  }

  /** Changers of one version in a race: exactly one wins, round after round. */
  @Test
  void ifMatchRace() {
    ETag etag = put("manifest", bytes(500, 99_999), PutCondition.ifAbsent());
    var seen = new java.util.HashSet<ETag>();
    var stores = List.of(store, another());
    for (int round = 0; round < 50; round++) {
      assertTrue(seen.add(etag), "an ETag recurred");
      var puts = new ArrayList<CompletableFuture<ETag>>();
      for (int writer = 0; writer < 6; writer++) {
        puts.add(
            stores
                .get(writer % 2)
                .put(
                    prefix + "manifest",
                    segments(bytes(500, round * 6 + writer)),
                    PutCondition.ifMatch(etag),
                    MANIFEST));
      }
      int winner = onlyWinner(puts, "round " + round);
      etag = puts.get(winner).join();
      StoredObject object = get("manifest", ByteRange.whole(500));
      assertArrayEquals(bytes(500, round * 6 + winner), bytesOf(object));
      assertEquals(etag, object.etag());
    }
  }

  private static int onlyWinner(List<CompletableFuture<ETag>> puts, String where) {
    int winner = -1;
    for (int i = 0; i < puts.size(); i++) {
      try {
        join(puts.get(i));
        assertEquals(-1, winner, where + ": a second winner");
        winner = i;
      } catch (StoreException.PreconditionFailed e) {
        assertEquals(1, e.attempts(), where);
      }
    }
    assertNotEquals(-1, winner, where + ": no winner");
    return winner;
  }

  @ParameterizedTest
  @ValueSource(ints = {8 * MIB, ObjectStore.MAX_OBJECT_BYTES})
  void bigBodies(int lengthBytes) {
    byte[] body = bytes(lengthBytes, 7);
    put("big", body, PutCondition.ifAbsent());
    assertArrayEquals(body, bytesOf(get("big", ByteRange.whole(lengthBytes))));
    assertSlice(body, lengthBytes - 5, 5, get("big", ByteRange.span(lengthBytes - 5L, 100)));
    assertEquals(lengthBytes, store.statistics().of(RequestKind.PUT).sentBytes());
    assertEquals(lengthBytes + 5L, store.statistics().of(RequestKind.GET).receivedBytes());
  }

  @Test
  void tooBigIsRefused() {
    byte[] body = new byte[ObjectStore.MAX_OBJECT_BYTES];
    var list = List.of(MemorySegment.ofArray(body), MemorySegment.ofArray(new byte[1]));
    assertFails(
        StoreException.Invalid.class,
        store.put(prefix + "big", list, PutCondition.always(), SEGMENT));
  }

  @Test
  void listInPagesInOrder() {
    var keys = new ArrayList<String>();
    for (int i = 0; i < 1100; i++) {
      keys.add("list/" + (i % 3 == 0 ? "a/" : i % 3 == 1 ? "a-" : "a=") + "%05d".formatted(i));
    }
    var puts = new ArrayList<CompletableFuture<ETag>>();
    for (String key : keys) {
      puts.add(store.put(prefix + key, segments(bytes(3, 1)), PutCondition.always(), SEGMENT));
    }
    puts.forEach(StoreTesting::join);
    put("list2", bytes(1, 1), PutCondition.always());
    keys.sort(null);

    var whole = join(store.list(prefix + "list/", null, ObjectStore.MAX_LIST_KEYS, ADMIN));
    assertEquals(ObjectStore.MAX_LIST_KEYS, whole.objects().size());
    assertEquals(keys, listAll("list/", 1000));
    assertEquals(keys, listAll("list/", 137));
    assertEquals(
        keys.stream().filter(k -> k.startsWith("list/a/")).toList(), listAll("list/a/", 100));
    assertEquals(
        keys.stream().filter(k -> k.startsWith("list/a-0")).toList(), listAll("list/a-0", 100));
    assertEquals(List.of(), listAll("list/none", 100));
    assertEquals(List.of("list2"), listAll("list2", 100));
    assertEquals(3, whole.objects().getFirst().lengthBytes());
  }

  private List<String> listAll(String under, int pageKeys) {
    var keys = new ArrayList<String>();
    String continuation = null;
    do {
      ListPage page = join(store.list(prefix + under, continuation, pageKeys, ADMIN));
      assertTrue(page.objects().size() <= pageKeys);
      page.objects().forEach(o -> keys.add(o.key().substring(prefix.length())));
      continuation = page.continuation();
    } while (continuation != null);
    return keys;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/etc/passwd",
        "..",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "a b",
        "ä",
        "a%2Fb",
        "a\\b",
        "a\0b",
        "a\nb",
        "a:b",
        "a?b",
        "a#b",
        "a*"
      })
  void hostileKeysAreRefused(String key) {
    refuses(key);
  }

  @Test
  void longKeysAreRefusedAndLongestTaken() {
    refuses("a".repeat(ObjectKeys.MAX_SEGMENT_LENGTH + 1));
    refuses(("a".repeat(99) + "/").repeat(6) + "a");
    String rest = "a".repeat(ObjectKeys.MAX_SEGMENT_LENGTH) + "/" + "~".repeat(100) + "/";
    String key = rest + "b".repeat(ObjectKeys.MAX_SEGMENT_LENGTH);
    put(
        key.substring(0, ObjectKeys.MAX_KEY_LENGTH - prefix.length() - 60),
        bytes(5, 1),
        PutCondition.ifAbsent());
    assertEquals(1, join(store.list(prefix + rest, null, 10, ADMIN)).objects().size());
  }

  private void refuses(String key) {
    assertFails(StoreException.Invalid.class, store.get(key, ByteRange.whole(1), READ));
    assertFails(
        StoreException.Invalid.class,
        store.put(key, segments(bytes(1, 1)), PutCondition.always(), SEGMENT));
    assertFails(StoreException.Invalid.class, store.delete(key, ADMIN));
  }

  @Test
  void keysOfAllPermittedCharacters() {
    String key = "AZaz09-_.=~/..a/.b/c...d/~/=/-";
    byte[] body = key.getBytes(StandardCharsets.US_ASCII);
    put(key, body, PutCondition.ifAbsent());
    assertArrayEquals(body, bytesOf(get(key, ByteRange.whole(100))));
    assertEquals(List.of(key), listAll("AZ", 10));
    assertFails(
        StoreException.PreconditionFailed.class,
        store.put(prefix + key, segments(body), PutCondition.ifAbsent(), SEGMENT));
    join(store.delete(prefix + key, ADMIN));
    assertEquals(List.of(), listAll("AZ", 10));
  }

  /** Readers of an object that is being replaced see whole versions only. */
  @Test
  void concurrentLoad() {
    var writes = new ArrayList<CompletableFuture<ETag>>();
    var reads = new ArrayList<CompletableFuture<StoredObject>>();
    put("hot", filled(0), PutCondition.ifAbsent());
    for (int i = 1; i <= 60; i++) {
      writes.add(store.put(prefix + "hot", segments(filled(i)), PutCondition.always(), SEGMENT));
      reads.add(store.get(prefix + "hot", ByteRange.whole(MIB), READ));
      writes.add(
          store.put(prefix + "cold/" + i, segments(filled(i)), PutCondition.ifAbsent(), SEGMENT));
    }
    for (var read : reads) {
      byte[] body = bytesOf(join(read));
      assertEquals(40_000, body.length);
      assertArrayEquals(filled(body[0]), body);
    }
    writes.forEach(StoreTesting::join);
    for (int i = 1; i <= 60; i++) {
      assertArrayEquals(filled(i), bytesOf(get("cold/" + i, ByteRange.whole(MIB))));
    }
    StoreStatistics statistics = store.statistics();
    assertEquals(121, statistics.of(RequestKind.PUT, RequestPurpose.SEGMENT).requests());
    assertEquals(120, statistics.of(RequestKind.GET, RequestPurpose.READ).requests());
    assertEquals(0, statistics.total().failures());
    assertEquals(0, statistics.inFlight());
  }

  private static byte[] filled(int value) {
    byte[] body = new byte[40_000];
    java.util.Arrays.fill(body, (byte) value);
    return body;
  }

  @Test
  void closedStoreRefuses() {
    store.close();
    store.close();
    var refused =
        assertFails(
            StoreException.Unavailable.class, store.get(prefix + "a", ByteRange.whole(1), READ));
    assertEquals(0, refused.attempts());
  }
}
