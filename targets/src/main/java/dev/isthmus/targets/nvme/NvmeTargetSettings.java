package dev.isthmus.targets.nvme;

import dev.isthmus.targets.loop.LoopSettings;
import java.util.List;

/**
 * Everything an NVMe/TCP target is told at its start. Immutable, valid.
 *
 * @param portals where it listens: 1 to 16
 * @param limits what one host may ask of it
 * @param timeouts how long it waits
 * @param loop threads, spin, connections and memory
 */
public record NvmeTargetSettings(
    List<NvmePortal> portals, NvmeLimits limits, NvmeTimeouts timeouts, LoopSettings loop) {

  public NvmeTargetSettings {
    portals = List.copyOf(portals);
    if (portals.isEmpty() || portals.size() > 16) {
      throw new IllegalArgumentException("a target has 1 to 16 portals, not " + portals.size());
    }
    // Half of a loop's memory is for transfers. A Compare needs twice its length, and beside one of
    // the largest others must find room.
    long transferBytesPerLoop = loop.bufferMemoryBytes() / loop.threads() / 2;
    if (transferBytesPerLoop < 4L * limits.maxTransferBytes()) {
      throw new IllegalArgumentException(
          "buffer memory of "
              + loop.bufferMemoryBytes()
              + " bytes on "
              + loop.threads()
              + " threads is too little for transfers of "
              + limits.maxTransferBytes());
    }
  }

  /** Defaults for everything but the places to listen. */
  public static NvmeTargetSettings defaults(NvmePortal... portals) {
    return new NvmeTargetSettings(
        List.of(portals), NvmeLimits.defaults(), NvmeTimeouts.defaults(), LoopSettings.defaults());
  }

  /** The same with other limits. */
  public NvmeTargetSettings withLimits(NvmeLimits value) {
    return new NvmeTargetSettings(portals, value, timeouts, loop);
  }

  /** The same with other time-outs. */
  public NvmeTargetSettings withTimeouts(NvmeTimeouts value) {
    return new NvmeTargetSettings(portals, limits, value, loop);
  }

  /** The same with other loop settings. */
  public NvmeTargetSettings withLoop(LoopSettings value) {
    return new NvmeTargetSettings(portals, limits, timeouts, value);
  }
}
