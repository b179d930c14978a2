package dev.isthmus.blockdevice;

/**
 * A disk: a fixed number of equal blocks that are read, written, flushed, zeroed and discarded.
 *
 * <p>Everything in Isthmus that stores or forwards blocks is one of these, and everything that
 * exports blocks is a user of one. It behaves like a physical NVMe disk with a volatile write
 * cache.
 *
 * <h2>Units and alignment</h2>
 *
 * Offsets and lengths are bytes, multiples of {@link DeviceInfo#blockSizeBytes()}; a length is at
 * least one block. A read or write carries at most {@link DeviceInfo#maxTransferBytes()}; write
 * zeroes and discard have no limit but the device's size. What breaks these rules completes with
 * {@link IoStatus#INVALID} (alignment, length) or {@link IoStatus#OUT_OF_RANGE} (beyond the end)
 * and has no effect.
 *
 * <h2>Buffers</h2>
 *
 * Payloads are off-heap {@link java.lang.foreign.MemorySegment}s that any thread may access. From
 * {@link #submit} until the completion is called a buffer is lent to the device: the caller neither
 * changes nor frees it. Calling the completion gives it back: the device does not touch it
 * afterwards. A read that fails leaves unspecified bytes in its buffer.
 *
 * <h2>Order</h2>
 *
 * No order is promised between commands in flight, overlapping ones included; each block of two
 * concurrent overlapping writes ends as one or the other, never as a mixture within a block
 * (atomicity is one block, a longer write may be torn between blocks by a crash). A command
 * submitted after another one completed sees its effect. Two reads without a write between them
 * return the same bytes, also of blocks never written and of blocks discarded (those read as
 * zeroes).
 *
 * <h2>Durability</h2>
 *
 * A write, write zeroes, discard or compare-and-write that completed with {@link IoStatus#OK} has
 * reached {@link Tier#APPLIED}: it survives a crash of this process where the device has anything
 * that outlives the process. With {@code fua} it has reached the device's flush tier, and so has
 * every command that completed before a {@link IoCommand.Flush} was submitted, once that flush
 * completes. The flush tier is {@link Tier#LOCAL_DURABLE}, or {@link Tier#UPLOADED} where a volume
 * says so. A flush that fails promises nothing, and no later flush makes up for it in silence: the
 * device leaves {@link DeviceState#READY}. After a crash the device holds every command that the
 * tiers promise, and of the rest a subset that the device's documentation names.
 *
 * <h2>Threads</h2>
 *
 * {@link #submit} is called from any thread and never blocks on I/O, a lock held across I/O, or a
 * full queue: a device that has no room holds the command back within its bounds or completes it
 * with {@link IoStatus#BUSY}. The completion is called exactly once, on any thread, possibly before
 * {@code submit} returns; it must not block either, and may submit again (a device bounds the
 * recursion). A submit happens-before what the device does with it, and that happens-before the
 * completion.
 *
 * <h2>Failures</h2>
 *
 * The data path reports an {@link IoStatus}, that enum being the complete set. {@code submit}
 * throws nothing but {@link NullPointerException}. Opening, creating and other control calls throw
 * a {@link DeviceException}.
 *
 * <h2>Cancel</h2>
 *
 * A caller that no longer wants a command lets {@link IoCompletion#isCancelled()} answer true. The
 * device asks immediately before it applies a command, and while it holds one back: a cancelled
 * command that was not applied completes with {@link IoStatus#CANCELLED} and never takes effect
 * later. One that was already applied completes as it would have; where its tier is out of reach it
 * ends with {@link IoStatus#MEDIA_ERROR} instead of waiting on. Either way the completion comes,
 * and only then is the buffer the caller's again; once every completion of a set of cancelled
 * commands has come, none of them can land any more. That is what lets a target end a dead
 * association without ghost writes.
 *
 * <h2>Close</h2>
 *
 * {@link #close()} refuses new commands with {@link IoStatus#CLOSED}, waits for the ones in flight
 * (those held back complete with {@code CLOSED}), makes everything completed durable at the best
 * tier it can reach, and frees what the device holds. It blocks, is idempotent, and throws a {@link
 * DeviceException} when something that had completed could not be made durable.
 */
public interface BlockDevice extends AutoCloseable {

  /**
   * Geometry, identity and features. Size, read-only and incarnation may change; each call is a
   * snapshot.
   */
  DeviceInfo info();

  /** What opening found: whether this is the whole disk or an older state of it. Constant. */
  OpenOutcome openOutcome();

  /** How far the device is durable, in its own sequence numbers. Cheap; safe to poll. */
  Positions positions();

  /** Whether the device takes commands now, and why not. */
  DeviceState state();

  /** Hands in one command. See the class comment for threads, buffers and promises. */
  void submit(IoCommand command, IoCompletion completion);

  /**
   * Registers a listener for changes of {@link #state()} and {@link #info()}. It is called on a
   * thread of the device, must not block, and may be called more often than something changed.
   */
  void addListener(DeviceListener listener);

  /** Undoes {@link #addListener}; a call under way may still arrive. */
  void removeListener(DeviceListener listener);

  @Override
  void close();
}
