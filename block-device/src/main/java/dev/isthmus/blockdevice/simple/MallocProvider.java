package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.StorageUri;
import java.util.Set;
import java.util.UUID;

/**
 * Provides {@code malloc:///name?size=…&blk_size=…}: disks in this process's memory.
 *
 * <ul>
 *   <li>{@code size} at create only: at most {@value #MAX_SIZE_TIB} TiB. Only written 64 KiB chunks
 *       take memory, of all disks together at most the provider's limit.
 *   <li>{@code blk_size}: 512 or 4096, by default 4096. At open it may be said again and must then
 *       be what it is.
 * </ul>
 *
 * A name is known from its create until the last of its devices is closed; then its memory and
 * content are gone. Until then each open gives one more device on the same content: sharing, where
 * files refuse it, is what lets a second user of the process look at a disk, or keep it alive over
 * a reopen, and there is no other process to guard against. A user that needs to be alone creates
 * under a name of its own. Another provider has other names.
 *
 * <p>Threading: thread-safe.
 */
public final class MallocProvider implements DeviceProvider {

  private static final int MAX_SIZE_TIB = 16;
  private static final int DEFAULT_BLOCK_BYTES = 4096;
  private static final Set<String> KEYS = Set.of("size", "blk_size");

  private final MemoryBudget budget;
  private final SharedNames<MallocDisk> disks = new SharedNames<>("malloc", MallocDisk::free);

  /** With as much memory as the heap may have ({@link Runtime#maxMemory()}). */
  public MallocProvider() {
    this(Runtime.getRuntime().maxMemory());
  }

  /**
   * @param memoryLimitBytes most off-heap bytes of all its disks together
   */
  public MallocProvider(long memoryLimitBytes) {
    this.budget = new MemoryBudget(memoryLimitBytes);
  }

  @Override
  public Set<String> schemes() {
    return Set.of("malloc");
  }

  /** Off-heap bytes that its disks hold now. */
  public long usedBytes() {
    return budget.usedBytes();
  }

  @Override
  public BlockDevice open(StorageUri uri) {
    uri.requireKeys(KEYS);
    uri.refuseSizeAtOpen();
    String name = DeviceNames.of(uri);
    MallocDisk disk = disks.open(name);
    try {
      DeviceNames.requireBlockSize(uri, disk.info.blockSizeBytes());
    } catch (DeviceException e) {
      disks.close(name);
      throw e;
    }
    return new MallocDevice(disk, () -> disks.close(name));
  }

  @Override
  public BlockDevice create(StorageUri uri) {
    uri.requireKeys(KEYS);
    String name = DeviceNames.of(uri);
    int blockBytes = uri.blockSizeBytes(DEFAULT_BLOCK_BYTES);
    long sizeBytes = uri.sizeBytesAtCreate(blockBytes);
    if (sizeBytes > (long) MAX_SIZE_TIB << 40) {
      throw new DeviceException.Invalid(
          "malloc:// has at most " + MAX_SIZE_TIB + "TiB, not " + new ByteSize(sizeBytes));
    }
    var info =
        new DeviceInfo(
            new DeviceIdentity(UUID.randomUUID(), 1),
            name,
            sizeBytes,
            blockBytes,
            MallocDisk.REGION_BYTES,
            blockBytes,
            false,
            false,
            true,
            true);
    return new MallocDevice(disks.create(name, () -> disk(info)), () -> disks.close(name));
  }

  private MallocDisk disk(DeviceInfo info) {
    try {
      return new MallocDisk(info, budget);
    } catch (OutOfMemoryError e) {
      throw new DeviceException.Exhausted(
          "no heap for the table of a malloc device: 4 to 8 bytes per MiB of its size", e);
    }
  }
}
