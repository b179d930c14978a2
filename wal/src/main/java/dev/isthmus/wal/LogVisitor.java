package dev.isthmus.wal;

import java.lang.foreign.MemorySegment;

/** Takes the records of a replay, in order. */
@FunctionalInterface
public interface LogVisitor {

  /**
   * One data record, with a check of its header behind it.
   *
   * @param payload reads the record's payload, only during this call
   */
  void visit(LogRecord record, Payload payload);

  /** A record's payload. Threading: confined to the call of {@link LogVisitor#visit}. */
  @FunctionalInterface
  interface Payload {

    /**
     * Fills the first {@link LogRecord#payloadLength()} bytes of {@code into} with the payload and
     * checks its CRC.
     *
     * @throws LogCorruptException if it fails its check
     */
    void read(MemorySegment into);
  }
}
