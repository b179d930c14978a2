package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.StorageUri;
import java.util.Set;
import java.util.UUID;

/**
 * Provides {@code null:///name?size=…&blk_size=…}, of any size. Keys, names and sharing are as of
 * {@link MallocProvider}. Threading: thread-safe.
 */
public final class NullProvider implements DeviceProvider {

  private static final int DEFAULT_BLOCK_BYTES = 4096;
  private static final Set<String> KEYS = Set.of("size", "blk_size");

  private final SharedNames<DeviceInfo> disks = new SharedNames<>("null", info -> {});

  @Override
  public Set<String> schemes() {
    return Set.of("null");
  }

  @Override
  public BlockDevice open(StorageUri uri) {
    uri.requireKeys(KEYS);
    uri.refuseSizeAtOpen();
    String name = DeviceNames.of(uri);
    DeviceInfo info = disks.open(name);
    try {
      DeviceNames.requireBlockSize(uri, info.blockSizeBytes());
    } catch (DeviceException e) {
      disks.close(name);
      throw e;
    }
    return new NullDevice(info, () -> disks.close(name));
  }

  @Override
  public BlockDevice create(StorageUri uri) {
    uri.requireKeys(KEYS);
    String name = DeviceNames.of(uri);
    int blockBytes = uri.blockSizeBytes(DEFAULT_BLOCK_BYTES);
    long sizeBytes = uri.sizeBytesAtCreate(blockBytes);
    var info =
        new DeviceInfo(
            new DeviceIdentity(UUID.randomUUID(), 1),
            name,
            sizeBytes,
            blockBytes,
            NullDevice.MAX_TRANSFER_BYTES,
            blockBytes,
            false,
            false,
            false,
            true);
    return new NullDevice(disks.create(name, () -> info), () -> disks.close(name));
  }
}
