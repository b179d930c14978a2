package dev.isthmus.wal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a record's header and of a state record's payload (docs/FORMAT.md, "Log"), for the
 * writer and for recovery.
 *
 * <p>Threading: an instance is confined to one thread at a time: it holds the header being worked
 * on.
 */
final class LogRecordCodec {

  static final int MAGIC = 'I' | 'W' << 8 | 'A' << 16 | 'L' << 24;
  static final int VERSION = 1;
  static final int HEADER_BYTES = 112;
  static final int STATE_PAYLOAD_BYTES = 64;
  static final int SECTOR_BYTES = 512;

  /** Numbers above are hostile: room is left so that sums do not overflow. */
  static final long MAX_NUMBER = 1L << 62;

  private static final int KNOWN_FLAGS = WriteAheadLog.FLAG_FUA;

  private static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A UUID stands as its text reads: most significant byte first. */
  private static final ValueLayout.OfLong UUID_HALF =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final StructLayout HEADER =
      MemoryLayout.structLayout(
          U32.withName("magic"),
          U8.withName("version"),
          U8.withName("type"),
          U16.withName("flags"),
          U32.withName("headerCrc"),
          U32.withName("payloadLength"),
          U32.withName("payloadCrc"),
          U32.withName("generation"),
          UUID_HALF.withName("volumeHigh"),
          UUID_HALF.withName("volumeLow"),
          UUID_HALF.withName("logHigh"),
          UUID_HALF.withName("logLow"),
          U64.withName("epoch"),
          U64.withName("lsn"),
          U64.withName("durableLsn"),
          U64.withName("time"),
          U64.withName("sector"),
          U64.withName("sectorCount"),
          U64.withName("reserved"));

  private static final StructLayout STATE =
      MemoryLayout.structLayout(
          UUID_HALF.withName("writerHigh"),
          UUID_HALF.withName("writerLow"),
          UUID_HALF.withName("bootHigh"),
          UUID_HALF.withName("bootLow"),
          U64.withName("incarnation"),
          U64.withName("baseLsn"),
          U32.withName("previousGeneration"),
          U32.withName("reason"),
          U32.withName("file"),
          U32.withName("previousFile"));

  static {
    if (HEADER.byteSize() != HEADER_BYTES || STATE.byteSize() != STATE_PAYLOAD_BYTES) {
      throw new AssertionError(
          "layouts are " + HEADER.byteSize() + " and " + STATE.byteSize() + " bytes");
    }
  }

  private static final long VERSION_AT = at(HEADER, "version");
  private static final long TYPE_AT = at(HEADER, "type");
  private static final long FLAGS_AT = at(HEADER, "flags");
  private static final long HEADER_CRC_AT = at(HEADER, "headerCrc");
  private static final long PAYLOAD_LENGTH_AT = at(HEADER, "payloadLength");
  private static final long PAYLOAD_CRC_AT = at(HEADER, "payloadCrc");
  private static final long GENERATION_AT = at(HEADER, "generation");
  private static final long VOLUME_AT = at(HEADER, "volumeHigh");
  private static final long LOG_AT = at(HEADER, "logHigh");
  private static final long EPOCH_AT = at(HEADER, "epoch");
  private static final long LSN_AT = at(HEADER, "lsn");
  private static final long DURABLE_LSN_AT = at(HEADER, "durableLsn");
  private static final long TIME_AT = at(HEADER, "time");
  private static final long SECTOR_AT = at(HEADER, "sector");
  private static final long SECTOR_COUNT_AT = at(HEADER, "sectorCount");
  private static final long RESERVED_AT = at(HEADER, "reserved");

  private static final long WRITER_AT = at(STATE, "writerHigh");
  private static final long BOOT_AT = at(STATE, "bootHigh");
  private static final long INCARNATION_AT = at(STATE, "incarnation");
  private static final long BASE_LSN_AT = at(STATE, "baseLsn");
  private static final long PREVIOUS_GENERATION_AT = at(STATE, "previousGeneration");
  private static final long REASON_AT = at(STATE, "reason");
  private static final long FILE_AT = at(STATE, "file");
  private static final long PREVIOUS_FILE_AT = at(STATE, "previousFile");

  private final MemorySegment scratch = Arena.ofAuto().allocate(HEADER_BYTES, 8);
  private final ByteBuffer scratchBuffer = scratch.asByteBuffer();
  private final CRC32C crc = new CRC32C();

  private static long at(StructLayout layout, String field) {
    return layout.byteOffset(MemoryLayout.PathElement.groupElement(field));
  }

  /** Writes the header of {@code record} at {@code offset} of {@code target}. */
  void encode(RecordHeader record, MemorySegment target, long offset) {
    scratch.set(U32, 0, MAGIC);
    scratch.set(U8, VERSION_AT, (byte) VERSION);
    scratch.set(U8, TYPE_AT, (byte) record.type.code());
    scratch.set(U16, FLAGS_AT, (short) record.flags);
    scratch.set(U32, HEADER_CRC_AT, 0);
    scratch.set(U32, PAYLOAD_LENGTH_AT, record.payloadLength);
    scratch.set(U32, PAYLOAD_CRC_AT, record.payloadCrc);
    scratch.set(U32, GENERATION_AT, record.generation);
    putUuid(scratch, VOLUME_AT, record.volume);
    putUuid(scratch, LOG_AT, record.log);
    scratch.set(U64, EPOCH_AT, record.epoch);
    scratch.set(U64, LSN_AT, record.lsn);
    scratch.set(U64, DURABLE_LSN_AT, record.durableLsn);
    scratch.set(U64, TIME_AT, record.timeNanos);
    scratch.set(U64, SECTOR_AT, record.sector);
    scratch.set(U64, SECTOR_COUNT_AT, record.sectorCount);
    scratch.set(U64, RESERVED_AT, 0);
    scratch.set(U32, HEADER_CRC_AT, scratchCrc());
    MemorySegment.copy(scratch, 0, target, offset, HEADER_BYTES);
  }

  private int scratchCrc() {
    crc.reset();
    crc.update(scratchBuffer.clear());
    return (int) crc.getValue();
  }

  /**
   * Checks the record at {@code offset} on its own, payload included, and decodes it into {@code
   * record}. What it can't check is where it stands: identity, generation and LSN.
   *
   * @param bytes whole buffer behind which {@code buffer} stands
   * @param available bytes that there are from {@code offset} on
   * @return null if good, else what is wrong; {@link RecordHeader#unsupported} says that it is
   *     whole but of a kind that this version does not know
   */
  @Nullable String decode(
      MemorySegment bytes, ByteBuffer buffer, int offset, long available, RecordHeader record) {
    record.unsupported = false;
    if (available < HEADER_BYTES) {
      return "shorter than a header";
    }
    if (bytes.get(U32, offset) != MAGIC) {
      return "no magic";
    }
    MemorySegment.copy(bytes, offset, scratch, 0, HEADER_BYTES);
    int headerCrc = scratch.get(U32, HEADER_CRC_AT);
    scratch.set(U32, HEADER_CRC_AT, 0);
    if (scratchCrc() != headerCrc) {
      return "header CRC differs";
    }
    int version = Byte.toUnsignedInt(scratch.get(U8, VERSION_AT));
    int typeCode = Byte.toUnsignedInt(scratch.get(U8, TYPE_AT));
    int flags = Short.toUnsignedInt(scratch.get(U16, FLAGS_AT));
    RecordType type = RecordType.ofCode(typeCode);
    if (version != VERSION
        || type == null
        || (flags & ~KNOWN_FLAGS) != 0
        || scratch.get(U64, RESERVED_AT) != 0) {
      record.unsupported = true;
      return "version "
          + version
          + ", type "
          + typeCode
          + ", flags "
          + flags
          + " or reserved bytes are not known to this program";
    }
    record.type = type;
    record.flags = flags;
    decodeFields(record);
    String wrong = checkFields(record);
    if (wrong != null) {
      return wrong;
    }
    if (available < HEADER_BYTES + record.payloadLength) {
      return "payload is cut off";
    }
    if (payloadCrc(buffer, offset + HEADER_BYTES, record.payloadLength) != record.payloadCrc) {
      return "payload CRC differs";
    }
    return null;
  }

  private void decodeFields(RecordHeader record) {
    record.payloadLength = scratch.get(U32, PAYLOAD_LENGTH_AT);
    record.payloadCrc = scratch.get(U32, PAYLOAD_CRC_AT);
    record.generation = scratch.get(U32, GENERATION_AT);
    record.volume = getUuid(scratch, VOLUME_AT, record.volume);
    record.log = getUuid(scratch, LOG_AT, record.log);
    record.epoch = scratch.get(U64, EPOCH_AT);
    record.lsn = scratch.get(U64, LSN_AT);
    record.durableLsn = scratch.get(U64, DURABLE_LSN_AT);
    record.timeNanos = scratch.get(U64, TIME_AT);
    record.sector = scratch.get(U64, SECTOR_AT);
    record.sectorCount = scratch.get(U64, SECTOR_COUNT_AT);
  }

  /** What must hold of a record wherever it stands; null if it does. The writer keeps to it too. */
  static @Nullable String checkFields(RecordHeader record) {
    int length = record.payloadLength;
    boolean lengthFits =
        switch (record.type) {
          case WRITE ->
              length >= SECTOR_BYTES
                  && length <= WriteAheadLog.MAX_PAYLOAD_BYTES
                  && length % SECTOR_BYTES == 0
                  && record.sectorCount == length / SECTOR_BYTES;
          case STATE -> length == STATE_PAYLOAD_BYTES;
          default -> length == 0;
        };
    if (!lengthFits) {
      return "payload of " + length + " bytes does not fit a " + record.type;
    }
    if (outOfRange(record.lsn)
        || outOfRange(record.durableLsn)
        || outOfRange(record.epoch)
        || outOfRange(record.sector)
        || outOfRange(record.sectorCount)
        || record.epoch == 0
        || record.generation < 1
        || (record.type.isData() && record.durableLsn >= record.lsn)
        || (record.type != RecordType.STATE && record.durableLsn > record.lsn)) {
      return "a number is out of range";
    }
    return null;
  }

  private static boolean outOfRange(long number) {
    return number < 0 || number > MAX_NUMBER;
  }

  /** CRC-32C of {@code length} bytes at {@code offset} of {@code buffer}, whose limit it sets. */
  int payloadCrc(ByteBuffer buffer, int offset, int length) {
    crc.reset();
    crc.update(buffer.clear().limit(offset + length).position(offset));
    return (int) crc.getValue();
  }

  /** Writes the payload of a state record into the first 64 bytes of {@code target}. */
  static void encodeState(StatePayload state, MemorySegment target) {
    putUuid(target, WRITER_AT, state.writer());
    putUuid(target, BOOT_AT, state.bootId());
    target.set(U64, INCARNATION_AT, state.incarnation());
    target.set(U64, BASE_LSN_AT, state.baseLsn());
    target.set(U32, PREVIOUS_GENERATION_AT, state.previousGeneration());
    target.set(U32, REASON_AT, state.reason());
    target.set(U32, FILE_AT, state.file());
    target.set(U32, PREVIOUS_FILE_AT, state.previousFile());
  }

  /** Reads the payload of a state record whose CRC was good; null if its numbers can't be. */
  static @Nullable StatePayload decodeState(MemorySegment bytes, long offset) {
    MemorySegment payload = bytes.asSlice(offset, STATE_PAYLOAD_BYTES);
    var none = new UUID(0, 0);
    var state =
        new StatePayload(
            getUuid(payload, WRITER_AT, none),
            getUuid(payload, BOOT_AT, none),
            payload.get(U64, INCARNATION_AT),
            payload.get(U64, BASE_LSN_AT),
            payload.get(U32, PREVIOUS_GENERATION_AT),
            payload.get(U32, REASON_AT),
            payload.get(U32, FILE_AT),
            payload.get(U32, PREVIOUS_FILE_AT));
    boolean good =
        !outOfRange(state.incarnation())
            && state.incarnation() > 0
            && !outOfRange(state.baseLsn())
            && state.previousGeneration() >= 0
            && state.reason() >= StatePayload.REASON_ROLL
            && state.reason() <= StatePayload.REASON_CUT
            && state.file() > 0
            && state.previousFile() >= 0
            && state.previousFile() < state.file();
    return good ? state : null;
  }

  private static void putUuid(MemorySegment target, long offset, UUID uuid) {
    target.set(UUID_HALF, offset, uuid.getMostSignificantBits());
    target.set(UUID_HALF, offset + 8, uuid.getLeastSignificantBits());
  }

  /**
   * Returns {@code like} itself where it is equal: a scan of millions of records allocates none.
   */
  private static UUID getUuid(MemorySegment bytes, long offset, UUID like) {
    long high = bytes.get(UUID_HALF, offset);
    long low = bytes.get(UUID_HALF, offset + 8);
    return like.getMostSignificantBits() == high && like.getLeastSignificantBits() == low
        ? like
        : new UUID(high, low);
  }
}
