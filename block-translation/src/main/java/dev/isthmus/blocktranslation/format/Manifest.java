package dev.isthmus.blocktranslation.format;

import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.Tiers;
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
 * @param state whether a log counts beside the bucket
 * @param rolledBack why the last open was in an older state than users had seen; empty if it was
 *     not
 * @param tiers what holds of everything that completed so far
 * @param fencing what keeps owners apart
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
    State state,
    String rolledBack,
    Tiers tiers,
    Fencing fencing,
    List<CheckpointRef> checkpoints) {

  /** Before the first open. */
  public static final UUID NIL = new UUID(0, 0);

  /** Checkpoints that a manifest keeps. */
  public static final int MAX_CHECKPOINTS = 2;

  /** Widest window of slots in flight. */
  public static final int MAX_SLOT_WINDOW = 1024;

  /** Most characters of {@link #rolledBack}. */
  public static final int MAX_REASON = 512;

  /** Whether a log counts beside the bucket. */
  public enum State {
    /** An owner has it, or died with it: its log counts. */
    OPEN,
    /** Everything is in the bucket. */
    CLOSED,
    /** It is being deleted. */
    DELETED
  }

  public Manifest {
    checkpoints = List.copyOf(checkpoints);
  }

  /** When a write completed: {@code APPLIED} or {@code LOCAL_DURABLE}. */
  public Tier ack() {
    return tiers.ack();
  }

  /** What a flush waited for: {@code LOCAL_DURABLE} or {@code UPLOADED}. */
  public Tier flush() {
    return tiers.flush();
  }

  /** Where a checkpoint is, and what it covers. */
  public record CheckpointRef(
      long epoch, long nonce, long sequence, long lastLsn, long storedBytes) {}

  /**
   * The next manifest, in which {@code owner} has opened the volume.
   *
   * @param newEpoch above this one's
   * @param rollback why the disk is older than users have seen it; empty if it is not. Then the
   *     incarnation goes up
   */
  public Manifest opened(
      String newNonce, UUID owner, long newEpoch, UUID ownersLog, String rollback) {
    boolean rolled = !rollback.isEmpty();
    return new Manifest(
        counter + 1,
        newNonce,
        volume,
        name,
        createdNanos,
        sizeBytes,
        blockSizeBytes,
        newEpoch,
        owner,
        rolled ? incarnation + 1 : incarnation,
        slotWindow,
        ownersLog,
        State.OPEN,
        rolled ? rollback : rolledBack,
        tiers,
        fencing,
        checkpoints);
  }

  /**
   * The next manifest, which names one checkpoint more, and no rollback: the owner told its user.
   *
   * @param base the checkpoint that the owner's map began with, kept beside the newest; none if it
   *     began with none
   */
  public Manifest withCheckpoint(
      String newNonce, CheckpointRef newest, List<CheckpointRef> base, State newState) {
    var kept = new java.util.ArrayList<CheckpointRef>(List.of(newest));
    kept.addAll(base);
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
        newState,
        "",
        tiers,
        fencing,
        kept);
  }

  /** The next manifest, with other tiers. */
  public Manifest withTiers(String newNonce, Tiers newTiers) {
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
        state,
        rolledBack,
        newTiers,
        fencing,
        checkpoints);
  }

  /** The same, not stored yet, with owners kept apart in another way. */
  public Manifest withFencing(Fencing newFencing) {
    return new Manifest(
        counter,
        nonce,
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
        state,
        rolledBack,
        tiers,
        newFencing,
        checkpoints);
  }

  /** The next manifest, which says that the volume is being deleted, by {@code deleter}. */
  public Manifest deleted(String newNonce, UUID deleter) {
    return new Manifest(
        counter + 1,
        newNonce,
        volume,
        name,
        createdNanos,
        sizeBytes,
        blockSizeBytes,
        epoch + 1,
        deleter,
        incarnation,
        slotWindow,
        log,
        State.DELETED,
        rolledBack,
        tiers,
        fencing,
        checkpoints);
  }
}
