package dev.isthmus.blockdevice;

/**
 * How far a device is durable, in log sequence numbers of its own: dense, from 1, 0 for none.
 *
 * @param appliedLsn newest that survives a crash of the process
 * @param localDurableLsn newest that survives a power cut
 * @param uploadedLsn newest that survives the loss of this host; a device without a remote copy
 *     stays at 0
 */
public record Positions(long appliedLsn, long localDurableLsn, long uploadedLsn) {

  /** Of devices that keep no sequence. */
  public static final Positions NONE = new Positions(0, 0, 0);
}
