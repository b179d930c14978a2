package dev.isthmus.blocktranslation.formatreader;

import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A whole record of a log.
 *
 * @param offset in its file
 * @param state what a state record's payload says; null in others
 */
record LogRecord(
    int offset,
    int type,
    long generation,
    UUID volume,
    UUID log,
    long epoch,
    long lsn,
    long durableLsn,
    long sector,
    long sectorCount,
    ByteBuffer payload,
    @Nullable State state) {

  static final int HEADER_BYTES = 112;
  static final int FIRST_CONTROL = 16;
  static final int STATE = 16;
  static final int CLEAN_CLOSE = 17;
  static final int DURABLE_MARK = 18;

  private static final int MAGIC = 0x4C415749;
  private static final int MAX_PAYLOAD_BYTES = 32_768;
  private static final int STATE_BYTES = 64;
  private static final long MAX_NUMBER = 1L << 62;

  /** A state record's payload. */
  record State(
      UUID writer,
      UUID bootId,
      long incarnation,
      long baseLsn,
      long previousGeneration,
      long reason,
      long file,
      long previousFile) {}

  boolean isData() {
    return type < FIRST_CONTROL;
  }

  int lengthBytes() {
    return HEADER_BYTES + payload.remaining();
  }

  /** The first multiple of 4 behind the record. */
  int end() {
    return (offset + lengthBytes() + 3) & ~3;
  }

  Change change() {
    return new Change(
        type, lsn, sector, sectorCount, type == Change.WRITE ? payload : Change.NO_DATA);
  }

  /**
   * The record at {@code offset}; null if none is whole there.
   *
   * @throws DamageException if there is one of a kind that the page does not know
   */
  static @Nullable LogRecord at(Fields file, ByteBuffer bytes, int offset) {
    if (offset > bytes.capacity() - HEADER_BYTES || bytes.getInt(offset) != MAGIC) {
      return null;
    }
    Fields header = file.part("record@" + offset, offset, HEADER_BYTES);
    if (!header.hasOwnCrc(8)) {
      return null;
    }
    header.expect("version", header.u8(4), 1);
    int type = header.u8(5);
    boolean known =
        (type >= 1 && type <= Change.CUT_MARK) || (type >= STATE && type <= DURABLE_MARK);
    header.require(known, "type", type);
    header.require((header.u16(6) & ~2) == 0, "flags", header.u16(6));
    header.expect("reserved", header.bits64(104), 0L);
    try {
      return checked(header, file, offset, type);
    } catch (DamageException e) {
      return null;
    }
  }

  private static LogRecord checked(Fields header, Fields file, int offset, int type) {
    long payloadLength = header.u32(12);
    header.require(payloadLength <= MAX_PAYLOAD_BYTES, "payloadLength", payloadLength);
    Fields body = file.part("payload@" + offset, offset + HEADER_BYTES, payloadLength);
    ByteBuffer payload = body.data();
    header.expect(
        "payloadCrc", payloadLength == 0 ? 0 : Fields.crc32c(body.data()), header.u32(16));
    long sectorCount = number(header, "sectorCount", 96);
    int length = payload.remaining();
    switch (type) {
      case Change.WRITE -> {
        header.require(length >= 512 && length % 512 == 0, "payloadLength", length);
        header.expect("sectorCount", sectorCount, length / 512L);
      }
      case STATE -> header.expect("payloadLength", length, STATE_BYTES);
      default -> header.expect("payloadLength", length, 0);
    }
    var record =
        new LogRecord(
            offset,
            type,
            header.u32(20),
            header.uuid(24),
            header.uuid(40),
            number(header, "epoch", 56),
            number(header, "lsn", 64),
            number(header, "durableLsn", 72),
            number(header, "sector", 88),
            sectorCount,
            payload,
            type == STATE ? state(body) : null);
    header.u64("time", 80);
    header.require(record.generation >= 1, "generation", record.generation);
    header.require(record.epoch >= 1, "epoch", record.epoch);
    long durableMost = record.state == null ? record.lsn : record.state.baseLsn;
    header.require(
        record.durableLsn <= durableMost - (record.isData() ? 1 : 0),
        "durableLsn",
        record.durableLsn);
    header.require(record.lsn <= durableMost, "baseLsn", durableMost);
    return record;
  }

  private static long number(Fields header, String field, int offset) {
    long value = header.u64(field, offset);
    header.require(value <= MAX_NUMBER, field, value);
    return value;
  }

  private static State state(Fields payload) {
    var state =
        new State(
            payload.uuid(0),
            payload.uuid(16),
            number(payload, "incarnation", 32),
            number(payload, "baseLsn", 40),
            payload.u32(48),
            payload.u32(52),
            payload.u32(56),
            payload.u32(60));
    payload.require(state.incarnation >= 1, "incarnation", state.incarnation);
    payload.require(state.reason <= 3, "reason", state.reason);
    payload.require(state.file >= 1 && state.file > state.previousFile, "file", state.file);
    return state;
  }
}
