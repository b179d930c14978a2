package dev.isthmus.blocktranslation.store;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A bucket: immutable blobs under keys, read by range, created if absent, replaced if unchanged.
 *
 * <p>It is the least that a log-structured disk needs from S3 and what every implementation can do
 * alike: no multi-part, no copy, no versions, no conditional delete (MinIO accepts {@code If-Match}
 * on a DELETE and deletes all the same).
 *
 * <h2>Consistency</h2>
 *
 * Strong, as S3 states it: a get or list that starts after a put or delete completed sees it; a get
 * returns one whole version, never a mixture; of concurrent conditional puts on one key at most one
 * whose condition held wins. That holds between threads, processes and hosts that use one bucket.
 *
 * <h2>Keys</h2>
 *
 * See {@link ObjectKeys}: a portable set of characters, segments joined by single slashes. No key
 * may be another key followed by a slash and more (servers that keep objects as files refuse it).
 * Anything else fails with {@link StoreException.Invalid}, and never reaches the server.
 *
 * <h2>Buffers</h2>
 *
 * A body to put is any list of memory segments, heap or native, that any thread may access, {@link
 * #MAX_OBJECT_BYTES} in all. From the call until the future completes they are lent: the caller
 * neither changes nor frees them, since a retry sends them again. The future completes only when
 * nothing touches them any more, also when it fails. A body that was got belongs to the caller; its
 * memory is managed by the garbage collector.
 *
 * <h2>Retries</h2>
 *
 * A transient failure ({@link StoreException.Transient}) is retried within the request's deadline,
 * at most a bounded number of times, with exponential back-off and full jitter, and becomes {@link
 * StoreException.Unavailable} when that is used up. A put that ended as {@code Unavailable} may
 * have taken effect and <em>may still take effect later</em>, since a request can outlive its
 * connection.
 *
 * <p><b>A put with {@link PutCondition#ifAbsent} or {@link PutCondition#ifMatch} can fail with
 * {@link StoreException.PreconditionFailed} because of itself</b>: the first try took effect, its
 * reply was lost, and the retry met its own object. The store can't tell that from another writer
 * and does not guess; {@link StoreException.PreconditionFailed#attempts()} says whether it is
 * possible at all (more than one). The caller gets the object and compares writer id and digest.
 *
 * <h2>Failures</h2>
 *
 * Every future fails with a {@link StoreException} and nothing else ({@code join} wraps it as
 * futures do). The methods themselves throw only {@link NullPointerException}. {@link
 * StoreException.NotFound} means that the store said so of this key: a missing bucket, a proxy's
 * 404 and a broken connection are other failures, so that "absent" can be trusted.
 *
 * <h2>Bounds</h2>
 *
 * At most {@link StoreLimits#maxInFlight()} requests are under way; {@link StoreLimits#maxQueued()}
 * wait in order of arrival, their deadline running; more fail at once with {@link
 * StoreException.Unavailable}. Users bound themselves well below that.
 *
 * <h2>Threads</h2>
 *
 * Called from any thread, never blocks. Futures complete on a thread of the store, or on the
 * caller's before the method returns; what is chained to them must not block. Completing or
 * cancelling a returned future from outside has no effect on the request.
 *
 * <p>Threading: thread-safe.
 */
public interface ObjectStore extends AutoCloseable {

  /** Most bytes of one object; larger puts are refused. A segment is about 8 MiB. */
  int MAX_OBJECT_BYTES = 64 << 20;

  /** Most keys of one page of a listing; S3's own limit. */
  int MAX_LIST_KEYS = 1000;

  /**
   * Reads an object or part of it: one GET.
   *
   * @return the bytes of {@code range} as far as the object has them. Fails with {@link
   *     StoreException.NotFound}; {@link StoreException.OutOfRange} if {@code range} selects no
   *     byte though it asks for some; {@link StoreException.Corrupt} if the object is longer than
   *     {@link ByteRange#whole} allows or arrived damaged
   */
  CompletableFuture<StoredObject> get(String key, ByteRange range, RequestOptions options);

  /**
   * Writes a whole object: one PUT with a CRC32C that the server checks where it can.
   *
   * @param body lent until the future completes; may be empty
   * @return the new object's tag, once it is durable in the store. Fails with {@link
   *     StoreException.PreconditionFailed} if the condition does not hold, also for {@link
   *     PutCondition#ifMatch} on an absent object
   */
  CompletableFuture<ETag> put(
      String key, List<MemorySegment> body, PutCondition condition, RequestOptions options);

  /** Deletes an object: one DELETE. Idempotent: an absent object is a success. */
  CompletableFuture<Void> delete(String key, RequestOptions options);

  /**
   * One page of keys in ascending order of their bytes: one LIST.
   *
   * @param prefix what the keys start with; need not end at a slash; empty for all
   * @param startAfter only keys above this one; null from the first. Stateless: any key will do, so
   *     a listing can go on after a crash
   * @param maxKeys 1 to {@link #MAX_LIST_KEYS}
   */
  CompletableFuture<ListPage> list(
      String prefix, @Nullable String startAfter, int maxKeys, RequestOptions options);

  /** What was asked of the store since it was opened; a snapshot. Cheap. */
  StoreStatistics statistics();

  /**
   * Where this is, for people and logs, for example {@code s3://bucket/} at {@code host}: no
   * secret.
   */
  String description();

  /**
   * Refuses new requests, fails waiting ones with {@link StoreException.Unavailable}, gives those
   * under way until their deadline, and frees what the store holds. Blocks; idempotent.
   */
  @Override
  void close();
}
