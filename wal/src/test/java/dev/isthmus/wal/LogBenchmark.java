package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.TreeSet;

/**
 * Prints what appends and forces cost beside a plain file. Arguments: a directory on the disk to be
 * measured, roll size in MiB (64).
 */
final class LogBenchmark {

  private static final int WARM_UP = 20_000;

  private LogBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    Path directory = Files.createTempDirectory(Path.of(arguments[0]), "log-benchmark");
    long rollBytes = (arguments.length > 1 ? Long.parseLong(arguments[1]) : 64) << 20;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment large = arena.allocate(WriteAheadLog.MAX_PAYLOAD_BYTES).fill((byte) 7);
      var settings = new LogSettings(6L << 30, rollBytes);
      WriteAheadLog log =
          LogDirectory.create(directory.resolve("log"), settings, Logs.VOLUME, Logs.LOG)
              .startAppending();
      log.beginEpoch(Logs.EPOCH_1, 0);
      appends(log, large.asSlice(0, 4096), WARM_UP);
      report("append 4 KiB", appends(log, large.asSlice(0, 4096), 100_000), 4096);
      report("append 32 KiB", appends(log, large, 32_768), 32_768);
      log.force();
      log.trim(log.appendedLsn());
      report("append 4 KiB + force", forced(log, large.asSlice(0, 4096), 1, 3000), 4096);
      report("append 8 x 4 KiB + force", forced(log, large.asSlice(0, 4096), 8, 2000), 32_768);
      report("plain write 4 KiB + fdatasync", plain(directory, large.asSlice(0, 4096)), 4096);
      log.closeClean();
      long start = System.nanoTime();
      RecoveredLog found = LogDirectory.open(directory.resolve("log"), settings, Logs.VOLUME);
      double seconds = (System.nanoTime() - start) / 1e9;
      WriteAheadLog again = found.startAppending();
      System.out.printf("recovery of %d MiB: %.2f s%n", again.sizeBytes() >> 20, seconds);
      again.close();
    } finally {
      try (var paths = Files.walk(directory)) {
        for (Path path : paths.toList().reversed()) {
          Files.delete(path);
        }
      }
    }
  }

  private static long[] appends(WriteAheadLog log, MemorySegment payload, int count) {
    int crc = Logs.crc(payload);
    long[] nanos = new long[count];
    var rollMicros = new TreeSet<Long>();
    long file = append(log, payload, crc) >>> 32;
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      long position = append(log, payload, crc);
      nanos[i] = System.nanoTime() - start;
      if (position >>> 32 != file) {
        file = position >>> 32;
        rollMicros.add(nanos[i] / 1000);
      }
    }
    System.out.println("appends that rolled took us: " + rollMicros);
    return nanos;
  }

  private static long append(WriteAheadLog log, MemorySegment payload, int crc) {
    long lsn = log.appendedLsn() + 1;
    return log.append(RecordType.WRITE, 0, lsn, 1, 0, payload.byteSize() / 512, payload, crc);
  }

  private static long[] forced(WriteAheadLog log, MemorySegment payload, int batch, int count) {
    int crc = Logs.crc(payload);
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      long start = System.nanoTime();
      for (int n = 0; n < batch; n++) {
        append(log, payload, crc);
      }
      log.force();
      nanos[i] = System.nanoTime() - start;
    }
    return nanos;
  }

  /** The same bytes appended to a file whose space was reserved likewise. */
  private static long[] plain(Path directory, MemorySegment payload) throws IOException {
    Path file = directory.resolve("plain");
    long[] nanos = new long[3000];
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      Preallocation.reserve(file, channel, 64L << 20);
      long at = 0;
      for (int i = 0; i < nanos.length; i++) {
        long start = System.nanoTime();
        at += channel.write(payload.asByteBuffer(), at) + (long) LogRecordCodec.HEADER_BYTES;
        channel.force(false);
        nanos[i] = System.nanoTime() - start;
      }
    }
    return nanos;
  }

  private static void report(String what, long[] nanos, int bytes) {
    double seconds = Arrays.stream(nanos).sum() / 1e9;
    Arrays.sort(nanos);
    System.out.printf(
        "%-30s p50 %8.1f us  p99 %8.1f us  p99.9 %8.1f us  max %8.1f us  %6.0f MB/s%n",
        what,
        nanos[nanos.length / 2] / 1e3,
        nanos[nanos.length * 99 / 100] / 1e3,
        nanos[(int) (nanos.length * 999L / 1000)] / 1e3,
        nanos[nanos.length - 1] / 1e3,
        nanos.length * (double) bytes / 1e6 / seconds);
  }
}
