package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.contract.BlockDeviceContract;
import java.nio.file.Path;

/** The contract, of a disk in memory. */
class MallocDeviceContractTest extends BlockDeviceContract {

  @Override
  protected BlockDevice create(int atBlockSizeBytes, Path scratchDir) {
    return new MallocProvider()
        .create(StorageUri.parse("malloc:///contract?size=64MiB&blk_size=" + atBlockSizeBytes));
  }
}
