package dev.isthmus.blockdevice.simple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.contract.SyncIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class MallocDeviceTest {

  private static final int MIB = 1 << 20;

  private final MallocProvider provider = new MallocProvider(4L * MIB);
  private final MemorySegment mebibyte = Arena.ofAuto().allocate(MIB).fill((byte) 5);

  private BlockDevice create(String query) {
    return provider.create(StorageUri.parse("malloc:///disk?" + query));
  }

  private BlockDevice open() {
    return provider.open(StorageUri.parse("malloc:///disk"));
  }

  @Test
  void holdsATebibyteOfNothing() {
    try (BlockDevice device = create("size=1TiB")) {
      var io = new SyncIo(device);
      long last = (1L << 40) - 4096;
      for (long offset : new long[] {0, 123L << 30, last}) {
        assertEquals(IoStatus.OK, io.write(offset, mebibyte.asSlice(0, 4096)));
      }
      assertEquals(-1, io.read(last, 4096).mismatch(mebibyte.asSlice(0, 4096)));
      assertEquals(-1, io.read(55L << 30, 4096).mismatch(Arena.ofAuto().allocate(4096)));
      assertEquals(MIB, provider.usedBytes());
      assertEquals(IoStatus.OK, io.run(new IoCommand.Discard(0, 1L << 40)));
      assertEquals(-1, io.read(last, 4096).mismatch(Arena.ofAuto().allocate(4096)));
    }
    assertEquals(0, provider.usedBytes());
    assertThrows(DeviceException.Invalid.class, () -> create("size=17TiB"));
  }

  @Test
  void keepsItsLimitAndGoesOn() {
    try (BlockDevice device = create("size=64MiB")) {
      var io = new SyncIo(device);
      for (int i = 0; i < 4; i++) {
        assertEquals(IoStatus.OK, io.write((long) i * MIB, mebibyte));
      }
      assertEquals(IoStatus.CAPACITY_EXCEEDED, io.write(4L * MIB, mebibyte));
      assertEquals(
          IoStatus.CAPACITY_EXCEEDED,
          io.run(
              new IoCommand.CompareAndWrite(
                  8L * MIB, Arena.ofAuto().allocate(4096), mebibyte.asSlice(0, 4096), false)));
      assertEquals(-1, io.read(4L * MIB, MIB).mismatch(Arena.ofAuto().allocate(MIB)));
      // What is written already can be written again, and what is given back can be used.
      assertEquals(IoStatus.OK, io.write(0, mebibyte));
      assertEquals(IoStatus.OK, io.run(new IoCommand.WriteZeroes(0, MIB, true, false)));
      assertEquals(IoStatus.OK, io.write(4L * MIB, mebibyte));
      assertEquals(-1, io.read(0, MIB).mismatch(Arena.ofAuto().allocate(MIB)));
      assertEquals(4L * MIB, provider.usedBytes());
    }
    assertEquals(0, provider.usedBytes());
  }

  @Test
  void keepsReservedWhatMayNotBeDeallocated() {
    try (BlockDevice device = create("size=64MiB")) {
      var io = new SyncIo(device);
      for (int i = 0; i < 4; i++) {
        assertEquals(IoStatus.OK, io.write((long) i * MIB, mebibyte));
      }
      assertEquals(IoStatus.OK, io.run(new IoCommand.WriteZeroes(0, MIB, false, false)));
      assertEquals(-1, io.read(0, MIB).mismatch(Arena.ofAuto().allocate(MIB)));
      assertEquals(IoStatus.CAPACITY_EXCEEDED, io.write(4L * MIB, mebibyte));
      assertEquals(IoStatus.OK, io.write(0, mebibyte));
    }
  }

  @Test
  void isSharedUntilTheLastClose() {
    BlockDevice first = create("size=4MiB");
    BlockDevice second = open();
    assertEquals(IoStatus.OK, new SyncIo(first).write(0, mebibyte));
    first.close();
    first.close();
    assertEquals(IoStatus.CLOSED, new SyncIo(first).write(0, mebibyte));
    try (BlockDevice third = open()) {
      assertEquals(-1, new SyncIo(third).read(0, MIB).mismatch(mebibyte));
    }
    assertThrows(DeviceException.Invalid.class, () -> create("size=4MiB"));
    second.close();
    assertThrows(DeviceException.Unavailable.class, this::open);
    create("size=4MiB").close();
  }

  @Test
  void answersABufferThatItCanNotUse() {
    try (BlockDevice device = create("size=4MiB")) {
      var io = new SyncIo(device);
      MemorySegment gone;
      try (Arena arena = Arena.ofShared()) {
        gone = arena.allocate(4096);
      }
      assertEquals(IoStatus.INTERNAL, io.read(0, gone));
      assertEquals(IoStatus.INTERNAL, io.write(0, gone));
      assertEquals(IoStatus.OK, io.write(0, mebibyte));
    }
  }

  @Test
  void allocatesNothingPerCommand() {
    try (BlockDevice device = create("size=4MiB")) {
      var command = new IoCommand.Write(0, mebibyte.asSlice(0, 4096), false);
      var read = new IoCommand.Read(0, Arena.ofAuto().allocate(4096));
      var failures = new int[1];
      dev.isthmus.blockdevice.IoCompletion completion =
          status -> failures[0] += status == IoStatus.OK ? 0 : 1;
      var bean =
          (com.sun.management.ThreadMXBean)
              java.lang.management.ManagementFactory.getThreadMXBean();
      long leastBytes = Long.MAX_VALUE;
      for (int round = 0; round < 20; round++) {
        long before = bean.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 10_000; i++) {
          device.submit(command, completion);
          device.submit(read, completion);
        }
        leastBytes = Math.min(leastBytes, bean.getCurrentThreadAllocatedBytes() - before);
      }
      assertEquals(0, failures[0]);
      long bytes = leastBytes;
      assertTrue(bytes < 20_000, () -> bytes + " bytes in 20,000 commands");
    }
  }
}
