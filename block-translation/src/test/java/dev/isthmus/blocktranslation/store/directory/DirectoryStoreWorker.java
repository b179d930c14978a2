package dev.isthmus.blocktranslation.store.directory;

import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * A process of {@link DirectoryStoreProcessTest}: creates slots in a race with others, and counts
 * up in a manifest by If-Match. It prints {@code won N} for a slot that it created, {@code counted
 * N} for a value that it wrote, and {@code done}.
 */
final class DirectoryStoreWorker {

  private static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.ADMIN);

  private DirectoryStoreWorker() {}

  public static void main(String[] arguments) {
    var timer = StoreTesting.timerExecutor();
    try (ObjectStore store =
        DirectoryStore.open(
            Path.of(arguments[0]), StoreLimits.DEFAULT, new ExecutorStoreTimer(timer))) {
      long worker = Long.parseLong(arguments[1]);
      int slots = Integer.parseInt(arguments[2]);
      int counts = Integer.parseInt(arguments[3]);
      int counted = 0;
      for (int slot = 0; slot < slots; slot++) {
        if (create(store, slot, worker)) {
          System.out.println("won " + slot);
        }
        while (counted < counts * (slot + 1) / slots) {
          System.out.println("counted " + countUp(store));
          counted++;
        }
      }
      System.out.println("done");
    }
    timer.shutdownNow();
  }

  private static boolean create(ObjectStore store, int slot, long worker) {
    try {
      var _ =
          join(
              store.put(
                  "v/log/" + slot, segments(number(worker)), PutCondition.ifAbsent(), OPTIONS));
      return true;
    } catch (StoreException.PreconditionFailed e) {
      return false;
    }
  }

  private static long countUp(ObjectStore store) {
    while (true) {
      StoredObject old = join(store.get("v/manifest", ByteRange.whole(8), OPTIONS));
      long next = number(old.body().toArray(ValueLayout.JAVA_BYTE)) + 1;
      try {
        var _ =
            join(
                store.put(
                    "v/manifest",
                    segments(number(next)),
                    PutCondition.ifMatch(old.etag()),
                    OPTIONS));
        return next;
      } catch (StoreException.PreconditionFailed e) {
        // Another process was quicker.
      }
    }
  }

  static byte[] number(long value) {
    return ByteBuffer.allocate(8).putLong(value).array();
  }

  static long number(byte[] bytes) {
    return ByteBuffer.wrap(bytes).getLong();
  }
}
