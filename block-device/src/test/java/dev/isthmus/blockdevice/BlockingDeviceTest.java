package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class BlockingDeviceTest {

  private final HoldingDevice holding =
      new HoldingDevice(DeviceRegistry.simple().create("malloc:///x?size=64MiB&blk_size=512"));
  private final BlockingDevice device = new BlockingDevice(holding);

  @AfterEach
  void close() {
    device.close();
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void takesEveryKindOfMemory() {
    byte[] data = random(1024);
    byte[] back = new byte[1024];
    device.writeAt(512, data);
    device.readAt(512, back);
    assertArrayEquals(data, back);

    ByteBuffer heap = ByteBuffer.wrap(data, 512, 512);
    device.writeAt(0, heap);
    assertEquals(0, heap.remaining());
    ByteBuffer direct = ByteBuffer.allocateDirect(2048).position(100).limit(612);
    device.readAt(0, direct);
    assertEquals(612, direct.position());
    assertEquals(ByteBuffer.wrap(data, 512, 512), direct.position(100));

    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      MemorySegment own = confined.allocate(512).copyFrom(MemorySegment.ofArray(random(512)));
      device.writeAt(4096, own, true);
      MemorySegment any = shared.allocate(512);
      device.readAt(4096, any);
      assertEquals(-1, own.mismatch(any));
      own.fill((byte) 0);
      device.readAt(4096, own);
      assertEquals(-1, own.mismatch(any));
    }
    MemorySegment readOnly = any().asReadOnly();
    device.writeAt(0, readOnly);
    assertThrows(DeviceException.Invalid.class, () -> device.readAt(0, readOnly));
  }

  private static MemorySegment any() {
    return Arena.ofAuto().allocate(512);
  }

  @Test
  void cutsLongTransfersIntoPieces() {
    int length = (7 << 20) + 512;
    byte[] data = random(length);
    device.writeAt(512, data);
    byte[] back = new byte[length];
    device.readAt(512, back);
    assertArrayEquals(data, back);
    MemorySegment direct = Arena.ofAuto().allocate(length);
    device.readAt(512, direct);
    assertEquals(-1, direct.mismatch(MemorySegment.ofArray(data)));
    device.writeAt(1024, direct);
    device.readAt(1024, back);
    assertArrayEquals(data, back);
  }

  @Test
  void doesNothingForNothing() {
    device.readAt(0, new byte[0]);
    device.writeAt(1, new byte[0]);
    device.discard(0, 0);
    device.writeZeroes(0, 0);
  }

  @Test
  void zeroesDiscardsAndFlushes() {
    device.writeAt(0, random(2048));
    device.writeZeroes(512, 512);
    device.discard(1024, 512);
    device.flush();
    byte[] back = new byte[2048];
    device.readAt(0, back);
    byte[] expected = random(2048);
    java.util.Arrays.fill(expected, 512, 1536, (byte) 0);
    assertArrayEquals(expected, back);
  }

  @Test
  void comparesAndWrites() {
    byte[] before = random(512);
    byte[] after = new byte[512];
    device.writeAt(0, before);
    byte[] wrong = before.clone();
    wrong[77] ^= 1;
    assertEquals(OptionalLong.of(77), device.compareAndWrite(0, wrong, after));
    assertEquals(OptionalLong.empty(), device.compareAndWrite(0, before, after));
    byte[] back = new byte[512];
    device.readAt(0, back);
    assertArrayEquals(after, back);
    assertThrows(
        DeviceException.Invalid.class, () -> device.compareAndWrite(0, after, new byte[1024]));
  }

  @Test
  void throwsByStatusAndSaysWhere() {
    var outside =
        assertThrows(DeviceException.Invalid.class, () -> device.readAt(64 << 20, new byte[512]));
    assertEquals(
        "read of 512 bytes at 67108864 on x: beyond the device's end", outside.getMessage());
    assertThrows(DeviceException.Invalid.class, () -> device.writeAt(1, new byte[512]));
    assertThrows(DeviceException.Invalid.class, () -> device.discard(-512, 512));
    device.close();
    assertThrows(DeviceException.Unavailable.class, device::flush);
  }

  @Test
  void mapsEveryStatusToAnException() {
    for (IoStatus status : EnumSet.complementOf(EnumSet.of(IoStatus.OK))) {
      assertNotNull(StatusExceptions.of(status, "x").getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> StatusExceptions.of(IoStatus.OK, "x"));
  }

  @Test
  void triesAgainWhileTheDeviceIsBusy() {
    holding.busy.set(5);
    device.writeAt(0, random(512));
    assertEquals(0, holding.busy.get());
    byte[] back = new byte[512];
    device.readAt(0, back);
    assertArrayEquals(random(512), back);
  }

  /** An interrupt must not give the buffer back while the device may still write to it. */
  @Test
  void waitsForTheDeviceAlsoWhenInterrupted() throws Exception {
    var held = new CountDownLatch(1);
    holding.hold = held;
    var thrown = new AtomicReference<@Nullable Throwable>();
    var interruptKept = new AtomicInteger();
    MemorySegment buffer = Arena.ofAuto().allocate(512);
    var reader =
        Thread.ofPlatform()
            .start(() -> {
              try {
                device.readAt(0, buffer);
              } catch (DeviceException e) {
                thrown.set(e);
              }
              interruptKept.set(Thread.currentThread().isInterrupted() ? 1 : -1);
            });
    assertTrue(held.await(60, TimeUnit.SECONDS));
    reader.interrupt();
    reader.join(200);
    assertTrue(reader.isAlive(), "it returned while the device had its buffer");
    IoCompletion completion = holding.completion();
    assertTrue(completion.isCancelled(), "the interrupt gives the command up");
    completion.complete(IoStatus.CANCELLED);
    reader.join();
    assertTrue(thrown.get() instanceof DeviceException.Unavailable, () -> "" + thrown.get());
    assertEquals(1, interruptKept.get());
  }

  @Test
  void returnsWhatWasAppliedBeforeTheInterrupt() throws Exception {
    var held = new CountDownLatch(1);
    holding.hold = held;
    var thrown = new AtomicReference<@Nullable Throwable>();
    var interruptKept = new AtomicInteger();
    var writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                device.writeAt(0, new byte[512]);
              } catch (DeviceException e) {
                thrown.set(e);
              }
              interruptKept.set(Thread.currentThread().isInterrupted() ? 1 : -1);
            });
    assertTrue(held.await(60, TimeUnit.SECONDS));
    assertFalse(holding.completion().isCancelled());
    writer.interrupt();
    holding.completion().complete(IoStatus.OK);
    writer.join();
    assertEquals(null, thrown.get());
    assertEquals(1, interruptKept.get());
  }

  /** Holds one command back, or is busy some times. Fault model: nothing else. */
  private static final class HoldingDevice implements BlockDevice {
    private final BlockDevice below;
    final AtomicInteger busy = new AtomicInteger();
    volatile @Nullable CountDownLatch hold;
    private volatile @Nullable IoCompletion held;

    HoldingDevice(BlockDevice below) {
      this.below = below;
    }

    IoCompletion completion() {
      return java.util.Objects.requireNonNull(held);
    }

    @Override
    public void submit(IoCommand command, IoCompletion completion) {
      CountDownLatch holding = hold;
      if (holding != null) {
        held = completion;
        hold = null;
        holding.countDown();
      } else if (busy.get() > 0) {
        busy.decrementAndGet();
        completion.complete(IoStatus.BUSY);
      } else {
        below.submit(command, completion);
      }
    }

    @Override
    public DeviceInfo info() {
      return below.info();
    }

    @Override
    public OpenOutcome openOutcome() {
      return below.openOutcome();
    }

    @Override
    public Positions positions() {
      return below.positions();
    }

    @Override
    public DeviceState state() {
      return below.state();
    }

    @Override
    public void addListener(DeviceListener listener) {
      below.addListener(listener);
    }

    @Override
    public void removeListener(DeviceListener listener) {
      below.removeListener(listener);
    }

    @Override
    public void close() {
      below.close();
    }
  }
}
