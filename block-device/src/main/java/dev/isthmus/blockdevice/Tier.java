package dev.isthmus.blockdevice;

/** What a completed command survives. Each tier includes the ones before it. */
public enum Tier {
  /** A crash of the process. */
  APPLIED,
  /** A power cut. */
  LOCAL_DURABLE,
  /** The loss of this host with all its disks. */
  UPLOADED
}
