package dev.isthmus.gateway.daemon;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What to create. Immutable.
 *
 * @param nameOrUri a bare name, in the daemon's bucket, or a storage URI
 * @param name what to call it; empty for the last part of the URI
 * @param sizeBytes 0 where the URI says it
 * @param blockSizeBytes 0 for the default, or where the URI says it
 * @param ack when a write completes; empty for the default
 * @param flush what a flush waits for; empty for the default
 * @param rpo how far the bucket may lag; empty for the default
 * @param fencing what keeps owners apart; empty for the default
 */
public record CreateRequest(
    String nameOrUri,
    String name,
    long sizeBytes,
    int blockSizeBytes,
    String ack,
    String flush,
    String rpo,
    String fencing) {

  /** With the default fencing. */
  public CreateRequest(
      String nameOrUri,
      String name,
      long sizeBytes,
      int blockSizeBytes,
      String ack,
      String flush,
      String rpo) {
    this(nameOrUri, name, sizeBytes, blockSizeBytes, ack, flush, rpo, "");
  }

  /** As query keys of a storage URI. */
  Map<String, String> options() {
    var options = new LinkedHashMap<String, String>();
    if (sizeBytes != 0) {
      options.put("size", Long.toString(sizeBytes));
    }
    if (blockSizeBytes != 0) {
      options.put("blk_size", Integer.toString(blockSizeBytes));
    }
    if (!ack.isEmpty()) {
      options.put("ack", ack);
    }
    if (!flush.isEmpty()) {
      options.put("flush", flush);
    }
    if (!rpo.isEmpty()) {
      options.put("rpo", rpo);
    }
    if (!fencing.isEmpty()) {
      options.put("fencing", fencing);
    }
    return options;
  }
}
