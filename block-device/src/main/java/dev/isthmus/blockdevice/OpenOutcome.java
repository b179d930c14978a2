package dev.isthmus.blockdevice;

/** What opening a device found. */
public sealed interface OpenOutcome {

  /** The disk as its users last saw it: every command that completed is there. */
  record Complete() implements OpenOutcome {}

  /**
   * An older state of the disk: commands that had completed may be missing. The incarnation went
   * up.
   *
   * @param toLsn the newest sequence number that is there; the disk is exactly the prefix up to it
   * @param reason for people: what was lost and why
   */
  record RolledBack(long toLsn, String reason) implements OpenOutcome {}

  /** The one complete outcome. */
  Complete COMPLETE = new Complete();
}
