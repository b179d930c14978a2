package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages logs and judges what recovery makes of them, by what the undamaged records say.
 *
 * <p>{@code -Dfuzz.seed} picks the first seed, {@code -Dfuzz.rounds} how many; each seed is a log
 * of its own, damaged {@value #DAMAGES_PER_LOG} times.
 */
final class LogRecoveryFuzz {

  private static final int DAMAGES_PER_LOG = 25;

  @TempDir Path temp;

  @Test
  void recoveryNeverErrs() throws IOException {
    long first = Long.getLong("fuzz.seed", System.nanoTime());
    long end = first + Long.getLong("fuzz.rounds", 40);
    for (long seed = first; seed < end; seed++) {
      run(temp, seed);
    }
  }

  /** One log, damaged many times. */
  static void run(Path temp, long seed) throws IOException {
    try {
      new Round(temp.resolve("seed-" + seed), seed).run();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }

  /** A record as it was written. */
  private record Written(
      Path file,
      long offset,
      ByteBuffer bytes,
      RecordType type,
      int generation,
      long lsn,
      long durableLsn) {}

  private static final class Round {
    private final Path directory;
    private final Random random;
    private final List<Written> written = new ArrayList<>();
    private final Map<Integer, UUID> boots = new HashMap<>();
    private final Map<Integer, Long> beginsAfter = new HashMap<>();
    private long boot = 1;
    private long last;
    private final StringBuilder damage = new StringBuilder();
    private boolean copied;

    Round(Path directory, long seed) {
      this.directory = directory;
      this.random = new Random(seed);
    }

    void run() throws IOException {
      build();
      readBack();
      Path copy = directory.resolveSibling(directory.getFileName() + "-damaged");
      for (int i = 0; i < DAMAGES_PER_LOG; i++) {
        copy(directory, copy);
        damage.setLength(0);
        copied = false;
        for (int n = random.nextInt(3); n >= 0; n--) {
          damage(copy);
        }
        judge(copy, random.nextBoolean() ? boot : boot + 1);
        delete(copy);
      }
      delete(directory);
    }

    // ---- a log with a past ----

    private void build() throws IOException {
      int generations = 1 + random.nextInt(4);
      for (int generation = 1; generation <= generations; generation++) {
        WriteAheadLog log = next(generation);
        int batches = 1 + random.nextInt(6);
        long durable = last;
        for (int batch = 0; batch < batches; batch++) {
          long to = last + random.nextInt(20);
          Logs.append(log, last + 1, to);
          last = to;
          if (random.nextBoolean()) {
            log.force();
            durable = last;
            if (random.nextBoolean()) {
              log.idle();
            }
          }
        }
        boolean clean = random.nextInt(4) == 0;
        if (clean) {
          log.closeClean();
        } else {
          log.close();
        }
        if (!clean && last > durable && random.nextBoolean()) {
          boot++;
          loseNewest();
        } else if (random.nextBoolean()) {
          boot++;
        }
      }
      // The last one stays as it was; the machine that opens it is chosen later.
    }

    private WriteAheadLog next(int epoch) {
      LogEnvironment machine = Logs.booted(new UUID(9, boot));
      WriteAheadLog log;
      if (epoch == 1) {
        log =
            LogDirectory.create(directory, Logs.SMALL, Logs.VOLUME, Logs.LOG, machine)
                .startAppending();
      } else {
        RecoveredLog found = LogDirectory.open(directory, Logs.SMALL, Logs.VOLUME, machine);
        require(found.lastLsn() == last, found.lastLsn() + " where " + last + " was left");
        log = found.startAppending();
      }
      log.beginEpoch(new LogEpoch(epoch, new UUID(8, epoch), 1), last);
      return log;
    }

    /** A power cut takes the newest record, which was not forced. */
    private void loseNewest() throws IOException {
      readBack();
      Written newest =
          written.stream()
              .filter(w -> w.type().isData() && w.lsn() == last && w.durableLsn() < last)
              .reduce((a, b) -> b)
              .orElseThrow();
      overwrite(newest.file(), newest.offset() - 4, new byte[100]);
      last--;
    }

    private void readBack() throws IOException {
      written.clear();
      boots.clear();
      beginsAfter.clear();
      var codec = new LogRecordCodec();
      var header = new RecordHeader();
      for (LogFiles.Found found : LogFiles.list(directory)) {
        byte[] bytes = Files.readAllBytes(found.path());
        ByteBuffer buffer =
            ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.LITTLE_ENDIAN).put(bytes);
        MemorySegment segment = MemorySegment.ofBuffer(buffer.clear());
        for (int at = 0; at + 4 <= bytes.length; at += 4) {
          if (buffer.clear().getInt(at) != LogRecordCodec.MAGIC
              || codec.decode(segment, buffer, at, bytes.length - at, header) != null) {
            continue;
          }
          int length = LogRecordCodec.HEADER_BYTES + header.payloadLength;
          byte[] record = java.util.Arrays.copyOfRange(bytes, at, at + length);
          written.add(
              new Written(
                  found.path(),
                  at,
                  ByteBuffer.wrap(record),
                  header.type,
                  header.generation,
                  header.lsn,
                  header.durableLsn));
          StatePayload state =
              header.type == RecordType.STATE
                  ? LogRecordCodec.decodeState(segment, at + (long) LogRecordCodec.HEADER_BYTES)
                  : null;
          if (state != null) {
            boots.put(header.generation, state.bootId());
            beginsAfter.putIfAbsent(header.generation, header.lsn);
          }
          at += length - 4;
        }
      }
    }

    // ---- damage ----

    private void damage(Path copy) throws IOException {
      List<LogFiles.Found> files = LogFiles.list(copy);
      if (files.isEmpty()) {
        return;
      }
      Path file = files.get(random.nextInt(files.size())).path();
      long size = Files.size(file);
      if (size == 0) {
        return;
      }
      // Most of it where records are, some anywhere.
      long used = Math.max(1, usedEnd(file));
      long at = random.nextInt((int) (random.nextInt(8) == 0 ? size : Math.min(used, size)));
      int kind = random.nextInt(8);
      damage.append(" kind ").append(kind).append(" at ").append(at).append(" of ").append(file);
      copied |= kind >= 6;
      switch (kind) {
        case 0, 1 -> flip(file, at);
        case 2 -> overwrite(file, at, garbage(1 + random.nextInt(6000)));
        case 3 -> overwrite(file, at & -4096L, new byte[4096]);
        case 4 -> truncate(file, at);
        case 5 -> Files.delete(file);
        case 6 -> overwrite(file, at & -4096L, read(files.getLast().path(), 4096, 16384));
        default -> overwrite(file, at & -4L, read(file, random.nextInt((int) size) & -4, 20000));
      }
    }

    private long usedEnd(Path file) {
      return written.stream()
          .filter(w -> w.file().getFileName().equals(file.getFileName()))
          .mapToLong(w -> w.offset() + w.bytes().capacity() + 8)
          .max()
          .orElse(1);
    }

    private void flip(Path file, long at) throws IOException {
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        byte[] one = read(file, at, 1);
        if (one.length == 1) {
          one[0] ^= (byte) (1 << random.nextInt(8));
          overwrite(file, at, one);
        }
        at += random.nextInt(200);
      }
    }

    private byte[] garbage(int length) {
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      return bytes;
    }

    // ---- judgement ----

    private void judge(Path copy, long bootNow) throws IOException {
      List<Written> intact = new ArrayList<>();
      boolean allIntact = true;
      for (Written w : written) {
        if (isVoid(w)) {
          continue;
        }
        Path file = copy.resolve(directory.relativize(w.file()));
        boolean same =
            Files.exists(file)
                && w.bytes().equals(ByteBuffer.wrap(read(file, w.offset(), w.bytes().capacity())));
        allIntact &= same;
        if (same) {
          intact.add(w);
        }
      }
      UUID now = new UUID(9, bootNow);
      if (random.nextInt(3) == 0) {
        examine(copy, now, intact);
      }
      try (RecoveredLog found =
          LogDirectory.open(copy, Logs.SMALL, Logs.VOLUME, Logs.booted(now))) {
        long to = found.lastLsn();
        long from = found.firstLsn() == 0 ? to + 1 : found.firstLsn();
        require(Logs.check(found, from) == to, "replay ends short of " + to);
        require(to <= last, "LSN " + to + " was never there");
        require(!allIntact || to == last, "ends at " + to + " of " + last + " undamaged");
        require(from == 1 || to < 1 || !exists(intact, 1), "lost its beginning");
        for (Written w : intact) {
          require(w.durableLsn() <= to, "cut at " + to + ", but durable " + w.durableLsn());
          boolean sameBoot = now.equals(boots.get(w.generation()));
          require(!sameBoot || w.lsn() <= to, "cut at " + to + ", but there is " + w.lsn());
        }
      } catch (LogCorruptException e) {
        require(!allIntact, "undamaged, but " + e.getMessage());
      } catch (LogAbsentException e) {
        require(intact.isEmpty(), "records, but " + e.getMessage());
      }
    }

    /**
     * What an examination calls part of the log, by what recovery and the undamaged records say.
     */
    private void examine(Path copy, UUID now, List<Written> intact) {
      var counted = new ArrayList<Long>();
      LogReport report;
      try (LogExamination examination = LogExamination.of(copy, Logs.booted(now))) {
        report = examination.report();
        examination.visit((entry, payload) -> {
          LogRecord record = entry.record();
          if (record.type().isData()) {
            Logs.checkRecord(record, payload, record.lsn());
            if (entry.counts()) {
              counted.add(record.lsn());
            }
          }
        });
      } catch (LogAbsentException e) {
        require(intact.isEmpty(), "records, but " + e.getMessage());
        return;
      }
      require(counted.equals(counted.stream().distinct().sorted().toList()), "out of order");
      require(report.dataRecords() == counted.size(), "counted twice");
      try (RecoveredLog found =
          LogDirectory.open(copy, Logs.SMALL, Logs.VOLUME, Logs.booted(now))) {
        require(report.verdict() != LogVerdict.CORRUPT, "not corrupt to recovery");
        var replayed = new ArrayList<Long>();
        found.replayAll((record, payload) -> replayed.add(record.lsn()));
        require(counted.equals(replayed), "examined " + counted + ", recovered " + replayed);
        require(report.durableLsn() == found.durableLsn(), "durable " + report.durableLsn());
        require(report.lastLsn() == found.lastLsn(), "ends at " + report.lastLsn());
      } catch (LogCorruptException e) {
        require(report.verdict() == LogVerdict.CORRUPT, "corrupt to recovery");
        // A copy of a record elsewhere may pass for it; else everything that is whole is there.
        List<Long> whole =
            intact.stream().filter(w -> w.type().isData()).map(Written::lsn).toList();
        require(copied || counted.containsAll(whole), "examined " + counted + " of " + whole);
        long gaps = report.gaps().stream().mapToLong(g -> g.lastLsn() - g.firstLsn() + 1).sum();
        long first = counted.isEmpty() ? report.lastLsn() + 1 : counted.getFirst();
        require(
            report.lastLsn() - first + 1 <= counted.size() + gaps, "a gap is not said: " + report);
      } catch (LogAbsentException e) {
        require(report.verdict() == LogVerdict.EMPTY, "absent to recovery");
      }
    }

    private static boolean exists(List<Written> intact, long lsn) {
      return intact.stream().anyMatch(w -> w.type().isData() && w.lsn() == lsn);
    }

    private boolean isVoid(Written w) {
      return beginsAfter.entrySet().stream()
          .anyMatch(e -> e.getKey() > w.generation() && e.getValue() < w.lsn());
    }

    private void require(boolean good, String what) {
      if (!good) {
        throw new AssertionError(what + "; damage:" + damage);
      }
    }
  }

  // ---- files ----

  private static byte[] read(Path file, long at, int length) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(length);
      while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) >= 0) {}
      return java.util.Arrays.copyOf(buffer.array(), buffer.position());
    }
  }

  private static void overwrite(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      long size = channel.size();
      int length = Math.clamp(size - at, 0, bytes.length);
      channel.write(ByteBuffer.wrap(bytes, 0, length), at);
    }
  }

  private static void truncate(Path file, long size) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var paths = Files.walk(from)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        Files.copy(path, to.resolve(from.relativize(path)));
      }
    }
  }

  private static void delete(Path directory) throws IOException {
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.toList().reversed()) {
        Files.delete(path);
      }
    }
  }
}
