package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.DeviceState;

/** Asymmetric namespace access states (Base 2.0, 8.1.1.1) that we use. */
enum AnaState {
  OPTIMIZED(0x1),
  INACCESSIBLE(0x3),
  PERSISTENT_LOSS(0x4);

  final int code;

  AnaState(int code) {
    this.code = code;
  }

  /**
   * What hosts are told of a device's state. A stalled or closed device may come back: hosts wait.
   * A fenced one belongs to someone else, and what it would read may be old: hosts must take
   * another path. A failed one answers with errors, which hosts should see rather than wait for.
   */
  static AnaState of(DeviceState.Kind kind) {
    return switch (kind) {
      case READY, DEGRADED, FAILED -> OPTIMIZED;
      case STALLED, CLOSED -> INACCESSIBLE;
      case FENCED -> PERSISTENT_LOSS;
    };
  }
}
