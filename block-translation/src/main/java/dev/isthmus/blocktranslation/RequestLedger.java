package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a process asked of each bucket, by every connection that it had: of volumes that are open,
 * that were closed or could not be opened, and of what people do without opening one. A connection
 * takes its own counts along when it ends; here they stay, so that they never go down.
 *
 * <p>Threading: thread-safe; guarded by this.
 */
final class RequestLedger {

  /** Buckets told apart; whoever names more of them has the others counted as one. */
  static final int MAX_BUCKETS = 256;

  /** What buckets beyond {@link #MAX_BUCKETS} are counted under. */
  static final String OTHERS = "others";

  private final Map<String, StoreStatistics> ended = new HashMap<>();
  private final Set<ObjectStore> open = new HashSet<>();

  /** Counts what is asked of {@code store} from now on. */
  synchronized ObjectStore opened(ObjectStore store) {
    open.add(store);
    return store;
  }

  /** Closes {@code store} and keeps its counts. Blocks as that does; idempotent. */
  void close(ObjectStore store) {
    store.close();
    synchronized (this) {
      if (open.remove(store)) {
        add(ended, store);
      }
    }
  }

  /** All that was asked so far, by the bucket's description. */
  synchronized Map<String, StoreStatistics> requests() {
    var all = new HashMap<>(ended);
    open.forEach(store -> add(all, store));
    return all;
  }

  private static void add(Map<String, StoreStatistics> sums, ObjectStore store) {
    String bucket = store.description();
    String key = sums.containsKey(bucket) || sums.size() < MAX_BUCKETS ? bucket : OTHERS;
    sums.merge(key, store.statistics(), StoreStatistics::plus);
  }
}
