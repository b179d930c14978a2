package dev.isthmus.blockdevice;

import java.util.Set;

/** Opens the devices of some URI schemes. Threading: thread-safe. */
public interface DeviceProvider {

  /** Schemes this provider answers for, lower case, without a colon. */
  Set<String> schemes();

  /**
   * Opens an existing device. A size in the URI is refused: sizes are said at create only. Blocks.
   *
   * @throws DeviceException if it can't be opened as it is
   */
  BlockDevice open(StorageUri uri);

  /**
   * Creates a device that does not exist yet, and opens it. Blocks.
   *
   * @throws DeviceException if it exists, or can't be created as asked
   */
  BlockDevice create(StorageUri uri);
}
