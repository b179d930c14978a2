package dev.isthmus.blocktranslation.formatreader;

import java.util.List;
import java.util.UUID;

/** What a manifest says, as the page names it; numbers in their own units. */
record ManifestText(
    long counter,
    UUID volume,
    String name,
    long sizeBytes,
    int blockSizeBytes,
    long epoch,
    UUID writer,
    long incarnation,
    int slotWindow,
    UUID log,
    String state,
    List<CheckpointLine> checkpoints) {

  /** One {@code checkpoint} line. */
  record CheckpointLine(long epoch, long nonce, long sequence, long lastLsn, long storedBytes) {}
}
