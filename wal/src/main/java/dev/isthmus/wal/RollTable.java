package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * All roll files of a log by number, for reads by position, for trims and for the space they take.
 * A position is the file's number in the upper and the offset in the lower 32 bits.
 *
 * <p>Threading: thread-safe; trims are serialized.
 */
final class RollTable {

  private final Path log;
  private final ConcurrentSkipListMap<Integer, RollFile> files = new ConcurrentSkipListMap<>();

  RollTable(Path log) {
    this.log = log;
  }

  static long position(int file, long offset) {
    return (long) file << 32 | offset;
  }

  void add(RollFile file) {
    files.put(file.number(), file);
  }

  long sizeBytes() {
    long sum = 0;
    for (RollFile file : files.values()) {
      sum += file.sizeBytes();
    }
    return sum;
  }

  void read(long position, int payloadOffset, MemorySegment into) {
    if (payloadOffset < 0
        || payloadOffset + into.byteSize() > WriteAheadLog.MAX_PAYLOAD_BYTES
        || position < 0) {
      throw new IllegalArgumentException(
          "position " + position + ", " + into.byteSize() + " bytes from " + payloadOffset);
    }
    int number = (int) (position >>> 32);
    RollFile file = files.get(number);
    if (file == null || !file.acquire()) {
      throw new LogTrimmedException("roll file " + number + " is no longer there");
    }
    try {
      long at = (position & 0xffff_ffffL) + payloadOffset;
      ByteBuffer buffer = into.asByteBuffer();
      while (buffer.hasRemaining()) {
        int count = file.channel().read(buffer, at + buffer.position());
        if (count < 0) {
          throw new LogFailedException(file.path() + " ends before position " + position, null);
        }
      }
    } catch (IOException e) {
      throw new LogFailedException("reading " + file.path() + ": " + e.getMessage(), e);
    } finally {
      file.release();
    }
  }

  /** Whether {@link #trim} would delete anything. */
  boolean canTrim(long lsn, int bound) {
    Map.Entry<Integer, RollFile> first = files.firstEntry();
    return first != null && first.getKey() < bound && first.getValue().lastLsn() <= lsn;
  }

  /** Deletes files before {@code bound} whose records are all at or below {@code lsn}. */
  synchronized void trim(long lsn, int bound) {
    try {
      // Oldest first, each durably before the next: what is left after a power cut has no hole, and
      // a hole that recovery finds is therefore a loss.
      for (Map.Entry<Integer, RollFile> entry : files.headMap(bound).entrySet()) {
        RollFile file = entry.getValue();
        if (file.lastLsn() > lsn) {
          return;
        }
        Path directory = directoryOf(file.path());
        Files.deleteIfExists(file.path());
        LogFiles.forceDirectory(directory);
        files.remove(entry.getKey());
        file.release();
        // The bound leaves a file, and a close waits until this is done.
        RollFile next = files.firstEntry().getValue();
        if (!directoryOf(next.path()).equals(directory)) {
          LogFiles.deleteGeneration(directory);
        }
      }
    } catch (IOException e) {
      throw new LogFailedException("trimming the log in " + log + ": " + e.getMessage(), e);
    }
  }

  private static Path directoryOf(Path file) {
    Path parent = file.getParent();
    if (parent == null) {
      throw new IllegalStateException("a roll file lies in a directory: " + file);
    }
    return parent;
  }

  /** Waits for a trim in progress; a later one finds nothing to do. */
  synchronized void close() {
    for (RollFile file : files.values()) {
      file.release();
    }
    files.clear();
  }
}
