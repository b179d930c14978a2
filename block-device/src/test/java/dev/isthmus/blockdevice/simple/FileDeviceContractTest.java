package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.contract.BlockDeviceContract;
import java.nio.file.Path;
import java.util.Optional;

/** The contract, of a disk image. */
class FileDeviceContractTest extends BlockDeviceContract {

  @Override
  protected BlockDevice create(int atBlockSizeBytes, Path scratchDir) {
    return new FileProvider().create(uri(scratchDir, "?size=64MiB&blk_size=" + atBlockSizeBytes));
  }

  @Override
  protected Optional<BlockDevice> reopen(int atBlockSizeBytes, Path scratchDir) {
    return Optional.of(new FileProvider().open(uri(scratchDir, "?blk_size=" + atBlockSizeBytes)));
  }

  private static StorageUri uri(Path scratchDir, String query) {
    return StorageUri.parse(scratchDir.resolve("disk.img").toUri() + query);
  }
}
