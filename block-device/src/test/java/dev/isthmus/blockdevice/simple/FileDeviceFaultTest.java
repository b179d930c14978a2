package dev.isthmus.blockdevice.simple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blockdevice.contract.SyncIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a file device does when the file below it fails or is slow. */
@Timeout(120)
class FileDeviceFaultTest {

  private static final int SIZE = 16 << 20;

  private final FaultyMedium medium = new FaultyMedium(SIZE);
  private final FileDevice device =
      new FileDevice(
          new DeviceInfo(
              new DeviceIdentity(new UUID(1, 1), 1),
              "faulty",
              SIZE,
              4096,
              FileDevice.MAX_TRANSFER_BYTES,
              4096,
              false,
              true,
              false,
              false),
          medium);
  private final SyncIo io = new SyncIo(device);
  private final MemorySegment data = Arena.ofAuto().allocate(4096).fill((byte) 7);

  private IoFuture submit(IoCommand command) {
    var future = new IoFuture();
    device.submit(command, future);
    return future;
  }

  private static void await(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > 60_000_000_000L) {
        throw new AssertionError("did not happen");
      }
      LockSupport.parkNanos(100_000);
    }
  }

  @Test
  void aFailedFlushIsForGood() {
    var heard = new AtomicInteger();
    device.addListener(changed -> heard.incrementAndGet());
    assertEquals(IoStatus.OK, io.write(0, data));
    medium.failForces = "Input/output error";
    assertEquals(IoStatus.MEDIA_ERROR, io.flush());
    assertEquals(DeviceState.Kind.FAILED, device.state().kind());
    assertTrue(device.state().reason().contains("Input/output error"));
    assertEquals(1, heard.get());
    // The medium would let a second one pass; it is never asked.
    assertEquals(IoStatus.MEDIA_ERROR, io.flush());
    assertEquals(IoStatus.MEDIA_ERROR, io.write(0, data));
    assertEquals(IoStatus.MEDIA_ERROR, io.read(0, data));
    assertEquals(IoStatus.MEDIA_ERROR, io.run(new IoCommand.Discard(0, 4096)));
    assertThrows(DeviceException.Corrupt.class, device::close);
    assertEquals(1, medium.forces.get());
    assertTrue(medium.closed);
    device.close();
  }

  @Test
  void aFailedForceOfAFuaWriteFailsTheWrite() {
    medium.failForces = "Input/output error";
    assertEquals(IoStatus.MEDIA_ERROR, io.run(new IoCommand.Write(0, data, true)));
    assertEquals(DeviceState.Kind.FAILED, device.state().kind());
    assertThrows(DeviceException.Corrupt.class, device::close);
  }

  @Test
  void closeSaysThatTheLastFlushFailed() {
    assertEquals(IoStatus.OK, io.write(0, data));
    medium.failForces = "No space left on device";
    assertThrows(DeviceException.Corrupt.class, device::close);
    assertTrue(medium.closed);
    assertEquals(DeviceState.CLOSED, device.state());
  }

  @Test
  void tellsAFullFileSystemFromABrokenDisk() {
    medium.failWrites = "No space left on device";
    assertEquals(IoStatus.CAPACITY_EXCEEDED, io.write(0, data));
    medium.failWrites = "Input/output error";
    assertEquals(IoStatus.MEDIA_ERROR, io.write(0, data));
    assertEquals(IoStatus.MEDIA_ERROR, io.run(new IoCommand.WriteZeroes(0, 4096, false, false)));
    medium.failReads = "Input/output error";
    assertEquals(IoStatus.MEDIA_ERROR, io.read(0, data));
    assertEquals(IoStatus.MEDIA_ERROR, io.run(new IoCommand.CompareAndWrite(0, data, data, false)));
    medium.failReads = null;
    medium.failWrites = null;
    // A command that failed leaves no range locked.
    assertEquals(IoStatus.OK, io.write(0, data));
    assertEquals(DeviceState.READY, device.state());
    device.close();
  }

  @Test
  void oneForceServesAllThatWait() {
    medium.hold = true;
    IoFuture first = submit(IoCommand.FLUSH);
    await(() -> medium.entered.get() == 1);
    var others = new ArrayList<IoFuture>();
    for (int i = 0; i < 100; i++) {
      others.add(submit(IoCommand.FLUSH));
    }
    medium.letGo();
    assertEquals(IoStatus.OK, first.await());
    others.forEach(other -> assertEquals(IoStatus.OK, other.await()));
    assertEquals(2, medium.forces.get());
    device.close();
    assertEquals(3, medium.forces.get());
  }

  @Test
  void aCommandHeldBackIsCancelledAndNeverLands() {
    medium.hold = true;
    IoFuture first = submit(new IoCommand.Write(0, data, false));
    await(() -> medium.entered.get() == 1);
    IoFuture overlapping = submit(new IoCommand.Write(0, data, false));
    IoFuture flush = submit(IoCommand.FLUSH);
    await(() -> medium.entered.get() == 2);
    IoFuture laterFlush = submit(IoCommand.FLUSH);
    overlapping.cancel();
    laterFlush.cancel();
    medium.letGo();
    assertEquals(IoStatus.OK, first.await());
    assertEquals(IoStatus.CANCELLED, overlapping.await());
    assertEquals(IoStatus.OK, flush.await());
    assertEquals(IoStatus.CANCELLED, laterFlush.await());
    assertEquals(1, medium.writes.get());
    assertEquals(1, medium.forces.get());
    device.close();
  }

  @Test
  void isBusyAtItsBoundAndClosesWhatItHeldBack() throws Exception {
    medium.hold = true;
    var futures = new ArrayList<IoFuture>();
    for (int i = 0; i < FileDevice.MAX_IN_FLIGHT; i++) {
      futures.add(submit(new IoCommand.Write(i * 4096L, data, false)));
    }
    await(() -> medium.entered.get() == FileDevice.IO_THREADS);
    assertEquals(IoStatus.BUSY, submit(new IoCommand.Read(0, data)).await());
    assertEquals(IoStatus.BUSY, submit(IoCommand.FLUSH).await());
    var closer = Thread.ofPlatform().start(device::close);
    await(() -> device.state().kind() == DeviceState.Kind.CLOSED);
    assertEquals(IoStatus.CLOSED, submit(IoCommand.FLUSH).await());
    medium.letGo();
    closer.join();
    int written = 0;
    for (IoFuture future : futures) {
      assertEquals(1, future.completions(), "close() waits for all");
      written += future.await() == IoStatus.OK ? 1 : 0;
    }
    assertEquals(medium.writes.get(), written);
    assertTrue(written >= FileDevice.IO_THREADS && written < FileDevice.MAX_IN_FLIGHT);
  }

  @Test
  void writeZeroesLeavesZeroesAloneIfItMay() {
    assertEquals(IoStatus.OK, io.run(new IoCommand.WriteZeroes(0, SIZE, true, false)));
    assertEquals(0, medium.writes.get());
    assertEquals(IoStatus.OK, io.write(5 << 20, data));
    assertEquals(IoStatus.OK, io.run(new IoCommand.WriteZeroes(0, SIZE, true, true)));
    assertEquals(2, medium.writes.get());
    assertEquals(-1, io.read(5 << 20, 4096).mismatch(Arena.ofAuto().allocate(4096)));
    assertEquals(IoStatus.OK, io.run(new IoCommand.WriteZeroes(0, SIZE, false, false)));
    assertTrue(medium.writes.get() > 2);
    device.close();
  }

  @Test
  void anInterruptOfTheCloserHarmsNothing() {
    assertEquals(IoStatus.OK, io.write(0, data));
    Thread.currentThread().interrupt();
    device.close();
    assertTrue(Thread.interrupted());
    assertEquals(1, medium.forces.get());
  }
}
