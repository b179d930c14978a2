package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockDeviceContract;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** The contract of every device, kept by a volume in a bucket. */
class VolumeContractTest extends BlockDeviceContract {

  private static final long SIZE_BYTES = 64 << 20;

  private final FakeBucket bucket = new FakeBucket();

  private TestHost host(Path directory) {
    return new TestHost(
        directory,
        FakeObjectStore.open(
            bucket,
            new ExecutorStoreTimer(StoreTesting.timerExecutor()),
            ThreadLocalRandom.current(),
            StoreFaults.NONE,
            StoreLimits.DEFAULT,
            1_000_000));
  }

  @Override
  protected BlockDevice create(int blockSizeBytes, Path scratchDir) {
    TestHost host = host(scratchDir);
    host.create(SIZE_BYTES, blockSizeBytes, Tier.APPLIED, Tier.LOCAL_DURABLE);
    return host.open();
  }

  @Override
  protected Optional<BlockDevice> reopen(int blockSizeBytes, Path scratchDir) {
    return Optional.of(host(scratchDir).open());
  }
}
