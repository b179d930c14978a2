package dev.isthmus.blocktranslation.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A bucket in memory: the server side of {@link FakeObjectStore}, shared by as many stores (hosts)
 * as a test has, and outliving them.
 *
 * <h2>What it promises, as S3 does</h2>
 *
 * Each effect is one atomic step between the moment its attempt was sent and the moment its reply
 * arrives; conditions are checked in that step; every read sees all earlier effects. ETags never
 * recur.
 *
 * <h2>Fault model</h2>
 *
 * All of it may happen to any attempt, decided by the store's {@link StoreFaults}, with delays from
 * the store's random generator:
 *
 * <ul>
 *   <li>delay: request and reply each take a time drawn uniformly up to the store's {@code
 *       maxDelayNanos}; attempts therefore overtake each other freely (reorder), and a put and a
 *       get sent together may take effect in either order;
 *   <li>refusal without effect: {@code THROTTLED}, {@code CONFLICT}, {@code UNREACHABLE};
 *   <li>loss before the effect: {@code REQUEST_LOST}; after it: {@code REPLY_LOST}, {@code
 *       REPLY_CUT} (the retry of a conditional put then meets its own object);
 *   <li>duplication: {@code DUPLICATED}, the second effect at any time up to {@link
 *       #MAX_LATENESS_NANOS} later (a conditional put checks its condition again; a delete deletes
 *       again);
 *   <li>lateness: {@code LATE_EFFECT}, up to {@link #MAX_LATENESS_NANOS} after the attempt was
 *       given up, also after the store was closed or aborted: a dead host's last packets;
 *   <li>damage of a reply on its way: {@code DAMAGED_REPLY};
 *   <li>damage at rest, by the test's own hand: {@link #corrupt}, {@link #truncate}, {@link
 *       #remove}.
 * </ul>
 *
 * It does <em>not</em>: lose an effect it acknowledged, tear an object, or answer NotFound for an
 * object that is there.
 *
 * <p>Threading: thread-safe; effects are applied under this object's monitor.
 */
public final class FakeBucket {

  /** How long after its attempt a duplicate or late effect may come: 20 s. */
  public static final long MAX_LATENESS_NANOS = 20_000_000_000L;

  @SuppressWarnings("ArrayRecordComponent") // never compared, and copied on its way out
  private record Version(byte[] bytes, ETag etag) {}

  /**
   * One effect, in order of taking place.
   *
   * @param won false for a conditional put whose condition did not hold
   */
  public record Effect(RequestKind kind, String key, boolean won) {}

  /** Hears of each effect in the step in which it takes place, before anybody sees it. */
  @FunctionalInterface
  public interface EffectListener {

    /**
     * Under the bucket's monitor.
     *
     * @param bytes of a put, not to be changed; null for a delete
     */
    void tookEffect(Effect effect, byte @Nullable [] bytes);
  }

  private final TreeMap<String, Version> objects = new TreeMap<>();
  private final List<Effect> effects = new ArrayList<>();
  private EffectListener listener = (effect, bytes) -> {};
  private long versions;

  /** From now on {@code listener} hears of effects, nobody else. */
  public synchronized void listen(EffectListener listener) {
    this.listener = listener;
  }

  /** The keys that are there, in order. */
  public synchronized List<String> keys() {
    return List.copyOf(objects.keySet());
  }

  /** A copy of an object's bytes, or null. */
  public synchronized byte @Nullable [] peek(String key) {
    Version version = objects.get(key);
    return version == null ? null : version.bytes().clone();
  }

  /** All puts and deletes that took place, the oldest first. */
  public synchronized List<Effect> effects() {
    return List.copyOf(effects);
  }

  /** How many of those there are. */
  public synchronized int effectCount() {
    return effects.size();
  }

  /** Those from {@code index} on. */
  public synchronized List<Effect> effectsFrom(int index) {
    return List.copyOf(effects.subList(index, effects.size()));
  }

  /** Flips one bit of an object at rest, its ETag unchanged. */
  public synchronized void corrupt(String key, RandomGenerator random) {
    Version version = existing(key);
    byte[] bytes = version.bytes().clone();
    int bit = random.nextInt(bytes.length * 8);
    bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    objects.put(key, new Version(bytes, version.etag()));
  }

  /** Cuts an object at rest, its ETag unchanged. */
  public synchronized void truncate(String key, int lengthBytes) {
    Version version = existing(key);
    objects.put(
        key, new Version(java.util.Arrays.copyOf(version.bytes(), lengthBytes), version.etag()));
  }

  /** Takes an object away behind everyone's back. */
  public synchronized void remove(String key) {
    existing(key);
    objects.remove(key);
  }

  /** A bucket with the same objects and a life of its own: a copy taken at one moment. */
  public synchronized FakeBucket copy() {
    var copy = new FakeBucket();
    copy.objects.putAll(objects);
    copy.versions = versions;
    return copy;
  }

  private Version existing(String key) {
    Version version = objects.get(key);
    if (version == null) {
      throw new IllegalArgumentException("no object " + key);
    }
    return version;
  }

  private void add(Effect effect, byte @Nullable [] bytes) {
    effects.add(effect);
    listener.tookEffect(effect, bytes);
  }

  synchronized ETag put(String key, byte[] bytes, PutCondition condition) {
    Version old = objects.get(key);
    boolean holds =
        switch (condition) {
          case PutCondition.Always c -> true;
          case PutCondition.IfAbsent c -> old == null;
          case PutCondition.IfMatch c -> old != null && old.etag().equals(c.etag());
        };
    add(new Effect(RequestKind.PUT, key, holds), bytes);
    if (!holds) {
      throw new StoreException.PreconditionFailed("PUT " + key + ": " + condition, 1);
    }
    var version = new Version(bytes, new ETag("\"" + Long.toHexString(++versions) + "\""));
    objects.put(key, version);
    return version.etag();
  }

  synchronized void delete(String key) {
    add(new Effect(RequestKind.DELETE, key, true), null);
    objects.remove(key);
  }

  synchronized StoredObject get(String key, ByteRange range) {
    Version version = objects.get(key);
    if (version == null) {
      throw new StoreException.NotFound("GET " + key + ": no such object");
    }
    byte[] bytes = version.bytes();
    int from =
        switch (range) {
          case ByteRange.Whole r -> 0;
          case ByteRange.Span r -> (int) Math.min(r.offsetBytes(), bytes.length);
          case ByteRange.Tail r -> Math.max(0, bytes.length - r.lengthBytes());
        };
    if (range instanceof ByteRange.Whole whole && bytes.length > whole.maxBytes()) {
      throw new StoreException.Corrupt(
          "GET %s: %d bytes, at most %d expected".formatted(key, bytes.length, whole.maxBytes()));
    }
    if (!(range instanceof ByteRange.Whole) && from == bytes.length) {
      throw new StoreException.OutOfRange(
          "GET %s: %s of %d bytes".formatted(key, range, bytes.length));
    }
    int length = Math.min(range.maxLengthBytes(), bytes.length - from);
    byte[] part = java.util.Arrays.copyOfRange(bytes, from, from + length);
    return new StoredObject(
        java.lang.foreign.MemorySegment.ofArray(part), from, bytes.length, version.etag());
  }

  synchronized ListPage list(String prefix, @Nullable String continuation, int maxKeys) {
    var page = new ArrayList<ListPage.ListedObject>();
    for (Map.Entry<String, Version> entry :
        objects
            .tailMap(continuation == null ? prefix : continuation, continuation == null)
            .entrySet()) {
      if (!entry.getKey().startsWith(prefix)) {
        break;
      }
      if (page.size() == maxKeys) {
        return new ListPage(page, page.getLast().key());
      }
      page.add(new ListPage.ListedObject(entry.getKey(), entry.getValue().bytes().length));
    }
    return new ListPage(page, null);
  }
}
