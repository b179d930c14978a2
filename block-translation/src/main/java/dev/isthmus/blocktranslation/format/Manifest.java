package dev.isthmus.blocktranslation.format;

import dev.isthmus.blockdevice.Tier;
import java.util.List;
import java.util.UUID;

/**
 * What a volume is and who owns it (docs/FORMAT.md, "Manifest"). Immutable.
 *
 * @param counter one more with each replacement
 * @param nonce 32 hexadecimal digits, random with each replacement
 * @param createdNanos since 1970
 * @param epoch 0 before the first open
 * @param writer owner of that epoch; the nil UUID before the first open
 * @param slotWindow most segments in flight above the first uncommitted one
 * @param log the owner's log
 * @param closed whether the last owner left everything in the newest checkpoint
 * @param ack {@code APPLIED} or {@code LOCAL_DURABLE}
 * @param flush {@code LOCAL_DURABLE} or {@code UPLOADED}
 * @param checkpoints newest first, at most two
 */
public record Manifest(
    long counter,
    String nonce,
    UUID volume,
    String name,
    long createdNanos,
    long sizeBytes,
    int blockSizeBytes,
    long epoch,
    UUID writer,
    long incarnation,
    int slotWindow,
    UUID log,
    boolean closed,
    Tier ack,
    Tier flush,
    List<CheckpointRef> checkpoints) {

  /** Before the first open. */
  public static final UUID NIL = new UUID(0, 0);

  /** Checkpoints that a manifest keeps. */
  public static final int MAX_CHECKPOINTS = 2;

  public Manifest {
    checkpoints = List.copyOf(checkpoints);
  }

  /** Where a checkpoint is, and what it covers. */
  public record CheckpointRef(
      long epoch, long nonce, long sequence, long lastLsn, long storedBytes) {}

  /** The next manifest, in which {@code owner} has opened the volume. */
  public Manifest opened(String newNonce, UUID owner, UUID ownersLog, boolean rolledBack) {
    return new Manifest(
        counter + 1,
        newNonce,
        volume,
        name,
        createdNanos,
        sizeBytes,
        blockSizeBytes,
        epoch + 1,
        owner,
        rolledBack ? incarnation + 1 : incarnation,
        slotWindow,
        ownersLog,
        false,
        ack,
        flush,
        checkpoints);
  }

  /** The next manifest, which names one checkpoint more. */
  public Manifest withCheckpoint(String newNonce, CheckpointRef newest, boolean nowClosed) {
    List<CheckpointRef> kept =
        checkpoints.isEmpty() ? List.of(newest) : List.of(newest, checkpoints.getFirst());
    return new Manifest(
        counter + 1,
        newNonce,
        volume,
        name,
        createdNanos,
        sizeBytes,
        blockSizeBytes,
        epoch,
        writer,
        incarnation,
        slotWindow,
        log,
        nowClosed,
        ack,
        flush,
        kept);
  }
}
