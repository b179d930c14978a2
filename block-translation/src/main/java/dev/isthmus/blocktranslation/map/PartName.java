package dev.isthmus.blocktranslation.map;

import java.util.HexFormat;

/**
 * Names one part of a run: an object {@code runs/EPOCH-NONCE}. Both are unsigned. Immutable.
 *
 * @param epoch of the owner that wrote it
 * @param nonce random; no two parts of a volume share one
 */
public record PartName(long epoch, long nonce) {

  /** The key below the volume's prefix. */
  public String key() {
    var hex = HexFormat.of();
    return "runs/" + hex.toHexDigits(epoch) + "-" + hex.toHexDigits(nonce);
  }
}
