package dev.isthmus.gateway.kernel;

import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.ManifestCodec;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/**
 * A program that damages a volume's objects, run where its bucket can be reached. Arguments: the
 * volume's URI; then {@code flip-newest}, which flips a bit of the newest checkpoint, or {@code
 * remove-all}, which removes each that the manifest names.
 */
final class BucketVandal {

  private static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.ADMIN);

  private BucketVandal() {}

  public static void main(String[] args) throws FormatException {
    BucketUri uri = BucketUri.ofVolume(StorageUri.parse(args[0]), Set.of());
    try (var timer = new ScheduledThreadPoolExecutor(1);
        ObjectStore store =
            uri.address().open(StoreLimits.DEFAULT, new ExecutorStoreTimer(timer))) {
      byte[] text = read(store, uri.volumePrefix() + Keys.MANIFEST);
      Manifest manifest = ManifestCodec.decode(text);
      List<String> keys =
          manifest.checkpoints().stream()
              .map(ref ->
                  uri.volumePrefix() + Keys.checkpoint(manifest.volume(), ref.epoch(), ref.nonce()))
              .toList();
      switch (args[1]) {
        case "flip-newest" -> flip(store, keys.getFirst());
        case "remove-all" -> keys.forEach(key -> store.delete(key, OPTIONS).join());
        default -> throw new IllegalArgumentException(args[1]);
      }
      System.out.println("damaged: " + args[1] + " of " + keys);
      timer.shutdownNow();
    }
  }

  private static byte[] read(ObjectStore store, String key) {
    return store
        .get(key, ByteRange.whole(ObjectStore.MAX_OBJECT_BYTES), OPTIONS)
        .join()
        .body()
        .toArray(ValueLayout.JAVA_BYTE);
  }

  private static void flip(ObjectStore store, String key) {
    byte[] bytes = read(store, key);
    bytes[bytes.length / 2] ^= 16;
    var _ =
        store
            .put(key, List.of(MemorySegment.ofArray(bytes)), PutCondition.always(), OPTIONS)
            .join();
  }
}
