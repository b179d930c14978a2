package dev.isthmus.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/** What the log's tests share: identities, machines, and payloads that are known by their LSN. */
final class Logs {

  static final UUID VOLUME = UUID.fromString("11111111-2222-3333-4444-555555555555");
  static final UUID LOG = UUID.fromString("66666666-7777-8888-9999-aaaaaaaaaaaa");
  static final UUID WRITER = UUID.fromString("bbbbbbbb-cccc-dddd-eeee-ffffffffffff");
  static final UUID BOOT = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
  static final UUID OTHER_BOOT = UUID.fromString("fedcba98-7654-3210-fedc-ba9876543210");

  /** Small roll files, so that a test rolls often. */
  static final LogSettings SMALL = new LogSettings(64L << 20, 1L << 20);

  static final LogEpoch EPOCH_1 = new LogEpoch(1, WRITER, 1);

  private Logs() {}

  /** This machine, started under {@code bootId}, with a clock that stands still. */
  static LogEnvironment booted(UUID bootId) {
    return new LogEnvironment(bootId, () -> 1_000L, (file, channel) -> channel.force(false));
  }

  static RecoveredLog create(Path directory) {
    return LogDirectory.create(directory, SMALL, VOLUME, LOG, booted(BOOT));
  }

  static RecoveredLog open(Path directory, UUID bootId) {
    return LogDirectory.open(directory, SMALL, VOLUME, booted(bootId));
  }

  /** A new log in its first term. */
  static WriteAheadLog begin(Path directory) {
    WriteAheadLog log = create(directory).startAppending();
    log.beginEpoch(EPOCH_1, 0);
    return log;
  }

  /** How many sectors the record with this LSN carries; 0 for one without a payload. */
  static int sectorsOf(long lsn) {
    long mixed = mix(lsn);
    return (mixed & 7) == 0 ? 0 : 1 + (int) ((mixed >>> 8) & 63);
  }

  private static long mix(long value) {
    long mixed = value * 0x9E37_79B9_7F4A_7C15L;
    mixed ^= mixed >>> 32;
    mixed *= 0xD6E8_FEB8_6659_FD93L;
    return mixed ^ (mixed >>> 29);
  }

  static MemorySegment payloadOf(Arena arena, long lsn) {
    MemorySegment payload = arena.allocate(sectorsOf(lsn) * 512L, 8);
    for (long at = 0; at < payload.byteSize(); at += 8) {
      payload.set(ValueLayout.JAVA_LONG, at, mix(lsn + at));
    }
    return payload;
  }

  static int crc(MemorySegment payload) {
    var crc = new CRC32C();
    crc.update(payload.asByteBuffer());
    return (int) crc.getValue();
  }

  /** Appends the records {@code from} to {@code to}; their content follows from the LSN. */
  static List<Long> append(WriteAheadLog log, long from, long to) {
    var positions = new ArrayList<Long>();
    for (long lsn = from; lsn <= to; lsn++) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment payload = payloadOf(arena, lsn);
        RecordType type = payload.byteSize() == 0 ? RecordType.DISCARD : RecordType.WRITE;
        long sectors = type == RecordType.WRITE ? payload.byteSize() / 512 : 3;
        positions.add(log.append(type, 0, lsn, lsn, lsn * 7, sectors, payload, crc(payload)));
      }
    }
    return positions;
  }

  /** Replays and checks every field and byte; returns the newest LSN, or {@code from - 1}. */
  static long check(RecoveredLog log, long from) {
    var next = new AtomicLong(from);
    log.replay(
        from,
        (record, payload) -> {
          checkRecord(record, payload, next.getAndIncrement());
        });
    return next.get() - 1;
  }

  static void checkRecord(LogRecord record, LogVisitor.Payload payload, long lsn) {
    if (record.lsn() != lsn || record.timeNanos() != lsn || record.sector() != lsn * 7) {
      throw new AssertionError("LSN " + lsn + " expected, found " + record);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment expected = payloadOf(arena, lsn);
      if (record.payloadLength() != expected.byteSize() || record.payloadCrc() != crc(expected)) {
        throw new AssertionError("wrong payload length or CRC in " + record);
      }
      MemorySegment read = arena.allocate(Math.max(1, record.payloadLength()));
      payload.read(read);
      if (expected.mismatch(read.asSlice(0, record.payloadLength())) >= 0) {
        throw new AssertionError("wrong payload in " + record);
      }
    }
  }

  /** Whether a file is more than prepared. */
  static boolean holdsRecords(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).contains("IWAL");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Path> rollFiles(Path directory) throws IOException {
    return LogFiles.list(directory).stream().map(LogFiles.Found::path).toList();
  }
}
