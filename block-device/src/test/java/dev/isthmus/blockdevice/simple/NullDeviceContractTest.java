package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.contract.BlockDeviceProtocolContract;
import java.nio.file.Path;

/** The contract, of a disk that keeps nothing. */
class NullDeviceContractTest extends BlockDeviceProtocolContract {

  @Override
  protected BlockDevice create(int atBlockSizeBytes, Path scratchDir) {
    return new NullProvider()
        .create(StorageUri.parse("null:///contract?size=64MiB&blk_size=" + atBlockSizeBytes));
  }
}
