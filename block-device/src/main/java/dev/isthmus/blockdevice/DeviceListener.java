package dev.isthmus.blockdevice;

/**
 * Hears of changes of a device's state or info. Called on a thread of the device; must not block.
 */
@FunctionalInterface
public interface DeviceListener {

  /** {@link BlockDevice#state()} or {@link BlockDevice#info()} may have changed: ask again. */
  void deviceChanged(BlockDevice device);
}
