package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * Decides at an open what keeps the volume's owners apart. Immutable.
 *
 * @param asked what a person said now; null for what the manifest says
 * @param probes whether the bucket is asked if it keeps to conditions
 */
record FencingGate(@Nullable Fencing asked, boolean probes) {

  /** For a simulated bucket, of which its own suite shows that it keeps to conditions. */
  static final FencingGate TRUSTING = new FencingGate(null, false);

  /** As of an open that nobody said anything for. */
  static final FencingGate AS_STORED = new FencingGate(null, true);

  /** As a person says; null for what the manifest says. */
  static FencingGate of(@Nullable String word) {
    return new FencingGate(word == null ? null : Fencing.parse(word), true);
  }

  /**
   * What holds from now on.
   *
   * @throws dev.isthmus.blockdevice.DeviceException.Invalid if the bucket can't do it
   */
  Fencing decide(
      FencingStore store, Waiter waiter, String keyPrefix, Manifest manifest, String where) {
    Fencing wanted = asked == null ? manifest.fencing() : asked;
    if (wanted == Fencing.CONDITIONAL && probes) {
      new FencingProbe(store.conditional(), waiter, keyPrefix, manifest.volume(), where).require();
    }
    return wanted;
  }
}
