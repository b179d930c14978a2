package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.StorageUri;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Volumes in buckets: {@code s3://BUCKET/PREFIX/VOLUME?endpoint=…&region=…} and {@code
 * bucket+file:///DIR/VOLUME}.
 *
 * <p>{@link #create} takes {@code size} (as {@code 10GiB}), {@code blk_size} (512 or 4096), {@code
 * ack} ({@code applied}, {@code local}) and {@code flush} ({@code local}, {@code uploaded}); {@link
 * #open} takes {@code takeover=lossy}. Threading: thread-safe; all calls block.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class ObjectVolumeProvider implements DeviceProvider, AutoCloseable {

  /** Volumes run as {@code settings} say. */
  public ObjectVolumeProvider(ObjectVolumeSettings settings) {}

  @Override
  public Set<String> schemes() {
    return Set.of("s3", "bucket+file");
  }

  @Override
  public ObjectVolume open(StorageUri uri) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ObjectVolume create(StorageUri uri) {
    throw new UnsupportedOperationException();
  }

  /** Volumes whose manifests lie under a bucket URI without a volume name, by name. */
  public List<VolumeSummary> list(StorageUri bucket) {
    throw new UnsupportedOperationException();
  }

  /** Reads a volume's manifest; owns nothing, changes nothing. */
  public VolumeSummary describe(StorageUri uri) {
    throw new UnsupportedOperationException();
  }

  /**
   * Deletes a volume: fences its owner, then empties the bucket of all its objects, the manifest
   * last, then the local log and cache.
   *
   * @param deletedObjects hears the number of objects deleted so far
   */
  public void delete(StorageUri uri, LongConsumer deletedObjects) {
    throw new UnsupportedOperationException();
  }

  /** Frees what the provider shares between volumes; volumes are closed before. */
  @Override
  public void close() {}
}
