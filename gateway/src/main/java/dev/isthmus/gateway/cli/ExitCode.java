package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;

/** How the program ends; scripts rely on these numbers. */
final class ExitCode {

  static final int OK = 0;

  /** A defect of this program. */
  static final int INTERNAL = 1;

  /** The command line, a setting or the request is wrong. */
  static final int INVALID = 2;

  /** Something needed can't be reached: no daemon, a port in use, a bucket out of reach. */
  static final int UNAVAILABLE = 3;

  /** A limit is reached. */
  static final int EXHAUSTED = 4;

  /** Another owner has the volume. */
  static final int FENCED = 5;

  /** Stored data failed its checks. */
  static final int CORRUPT = 6;

  /** The daemon stopped, but could not close all volumes cleanly in time. */
  static final int UNCLEAN_STOP = 7;

  /** An export wrote an image, and something that the bucket should have is not in it. */
  static final int INCOMPLETE = 8;

  /** A scrub was cancelled: it has not read everything, and found no damage in what it read. */
  static final int CANCELLED = 9;

  private ExitCode() {}

  static int of(DeviceException failure) {
    return switch (failure) {
      case DeviceException.Invalid e -> INVALID;
      case DeviceException.Unavailable e -> UNAVAILABLE;
      case DeviceException.Exhausted e -> EXHAUSTED;
      case DeviceException.Fenced e -> FENCED;
      case DeviceException.Corrupt e -> CORRUPT;
      case DeviceException.Internal e -> INTERNAL;
    };
  }
}
