package dev.isthmus.blockdevice.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** The workload finds each kind of lie, so that its silence means something. */
class RandomWorkloadTest {

  private static final int BLOCK = 4096;

  private static void run(UnaryOperator<BlockDevice> lie, long seed) {
    try (BlockDevice honest = DeviceRegistry.simple().create("malloc:///x?size=4MiB");
        BlockDevice device = lie.apply(honest)) {
      var model = new DiskModel(BLOCK, true);
      new RandomWorkload(device, model, 0, 32).run(seed, 3, 6, 20_000);
    }
  }

  private static void finds(UnaryOperator<BlockDevice> lie) {
    assertThrows(AssertionError.class, () -> run(lie, new Random().nextLong()));
  }

  private static boolean sometimes() {
    return ThreadLocalRandom.current().nextInt(200) == 0;
  }

  @Test
  void believesTheHonest() {
    Seed.run(seed -> run(device -> device, seed));
  }

  @Test
  void findsLostWrites() {
    finds(device ->
        new LyingDevice(device) {
          @Override
          public void submit(IoCommand command, IoCompletion completion) {
            if (command instanceof IoCommand.Write && sometimes()) {
              completion.complete(IoStatus.OK);
            } else {
              super.submit(command, completion);
            }
          }
        });
  }

  @Test
  void findsWritesThatLandInTheWrongPlace() {
    finds(device ->
        new LyingDevice(device) {
          @Override
          public void submit(IoCommand command, IoCompletion completion) {
            boolean shift =
                command instanceof IoCommand.Write w && w.offsetBytes() > 0 && sometimes();
            if (shift && command instanceof IoCommand.Write w) {
              super.submit(
                  new IoCommand.Write(w.offsetBytes() - BLOCK, w.data(), w.fua()), completion);
            } else {
              super.submit(command, completion);
            }
          }
        });
  }

  @Test
  void findsAWriteThatIsAppliedAfterItWasCancelled() {
    finds(device ->
        new LyingDevice(device) {
          @Override
          public void submit(IoCommand command, IoCompletion completion) {
            if (command instanceof IoCommand.Write && completion.isCancelled()) {
              now(command);
              completion.complete(IoStatus.CANCELLED);
            } else {
              super.submit(command, completion);
            }
          }
        });
  }

  @Test
  void findsSecondCompletions() {
    finds(device ->
        new LyingDevice(device) {
          @Override
          public void submit(IoCommand command, IoCompletion completion) {
            super.submit(command, completion);
            if (sometimes()) {
              completion.complete(IoStatus.OK);
            }
          }
        });
  }

  @Test
  void findsCompareAndWritesThatDoNotCompare() {
    finds(device ->
        new LyingDevice(device) {
          @Override
          public void submit(IoCommand command, IoCompletion completion) {
            if (command instanceof IoCommand.CompareAndWrite c) {
              super.submit(new IoCommand.Write(c.offsetBytes(), c.data(), c.fua()), completion);
            } else {
              super.submit(command, completion);
            }
          }
        });
  }

  @Test
  void findsStaleReads() {
    finds(device ->
        new LyingDevice(device) {
          private final MemorySegment kept = Arena.ofAuto().allocate(BLOCK);

          @Override
          public void submit(IoCommand command, IoCompletion completion) {
            if (command instanceof IoCommand.Read r && r.offsetBytes() == 0) {
              if (sometimes()) {
                now(new IoCommand.Read(0, kept));
              }
              now(command);
              r.buffer().asSlice(0, BLOCK).copyFrom(kept);
              completion.complete(IoStatus.OK);
            } else {
              super.submit(command, completion);
            }
          }
        });
  }

  @Test
  void findsMixturesWithinABlock() {
    // Blocks of 4096 over a device whose blocks are 512: written in halves, a block can mix.
    assertThrows(
        AssertionError.class,
        () -> {
          try (BlockDevice small =
              DeviceRegistry.simple().create("malloc:///x?size=4MiB&blk_size=512")) {
            var torn = new TornDevice(small);
            new RandomWorkload(torn, new DiskModel(BLOCK, true), 0, 2)
                .run(new Random().nextLong(), 4, 4, 20_000);
          }
        });
  }

  /** Writes each half of its data by itself. */
  private static final class TornDevice extends LyingDevice {

    TornDevice(BlockDevice below) {
      super(below);
    }

    @Override
    public dev.isthmus.blockdevice.DeviceInfo info() {
      var info = below.info();
      return new dev.isthmus.blockdevice.DeviceInfo(
          info.identity(),
          info.name(),
          info.sizeBytes(),
          BLOCK,
          info.maxTransferBytes(),
          BLOCK,
          false,
          false,
          true,
          true);
    }

    @Override
    public void submit(IoCommand command, IoCompletion completion) {
      if (command instanceof IoCommand.Write w && !completion.isCancelled()) {
        for (long done = 0; done < w.data().byteSize(); done += BLOCK / 2) {
          now(
              new IoCommand.Write(
                  w.offsetBytes() + done, w.data().asSlice(done, BLOCK / 2), false));
        }
        completion.complete(IoStatus.OK);
      } else {
        super.submit(command, completion);
      }
    }
  }
}
