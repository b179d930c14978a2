package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Manifest;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The manifest of an open volume, in its owner's hands: replaced one time after the other, as
 * docs/adr/0003-ownership.md wants it. Threading: confined to the volume's loop; {@link #current}
 * from any thread.
 */
final class OwnedManifest {

  private final EngineLoop loop;
  private final ManifestStore manifests;
  private final Consumer<String> onFenced;
  private volatile ManifestStore.Stored current;
  // The replacement under way, or the last one. Two may wait at most: checkpoints ask one at a
  // time, and so do changes of tiers.
  private CompletableFuture<Manifest> newest;
  private boolean certain = true;

  OwnedManifest(
      EngineLoop loop,
      ManifestStore manifests,
      ManifestStore.Stored current,
      Consumer<String> onFenced) {
    this.loop = loop;
    this.manifests = manifests;
    this.current = current;
    this.onFenced = onFenced;
    this.newest = CompletableFuture.completedFuture(current.manifest());
  }

  /** The newest that is known to have been stored. Any thread. */
  Manifest current() {
    return current.manifest();
  }

  /**
   * Whether {@link #current} is all that can be stored: false after a replacement whose end is not
   * known, which may have taken effect, or still may.
   */
  boolean isCertain() {
    return certain;
  }

  /**
   * Replaces it after those that were asked for before.
   *
   * @param change gives the new manifest, with a new nonce, from the one that is there then
   * @return what is stored, on the loop; fails with {@link DeviceException.Fenced} if the owner
   *     changed
   */
  CompletableFuture<Manifest> replace(UnaryOperator<Manifest> change) {
    newest =
        newest
            .handle((before, anyFailure) -> true)
            .thenComposeAsync(
                any -> {
                  certain = false;
                  return manifests.replace(current, change);
                },
                loop)
            .whenCompleteAsync(this::replaced, loop)
            .thenApply(ManifestStore.Stored::manifest);
    return newest;
  }

  private void replaced(ManifestStore.@Nullable Stored stored, @Nullable Throwable failure) {
    if (failure == null && stored != null) {
      current = stored;
      // An earlier one that is still on its way finds another ETag.
      certain = true;
    } else if (failure != null && Futures.cause(failure) instanceof DeviceException.Fenced fenced) {
      onFenced.accept(String.valueOf(fenced.getMessage()));
    }
  }
}
