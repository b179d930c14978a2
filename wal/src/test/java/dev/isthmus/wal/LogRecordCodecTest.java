package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class LogRecordCodecTest {

  private final LogRecordCodec codec = new LogRecordCodec();
  private final RecordHeader header = new RecordHeader();

  private static byte[] golden(String name) throws IOException {
    try (InputStream in = LogRecordCodecTest.class.getResourceAsStream("/log-records.hex")) {
      assertNotNull(in);
      var hex = new StringBuilder();
      boolean inside = false;
      for (String line :
          new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines().toList()) {
        if (line.matches("[0-9a-f]{2,}")) {
          hex.append(inside ? line : "");
        } else {
          inside = line.equals(name);
        }
      }
      return HexFormat.of().parseHex(hex);
    }
  }

  private @Nullable String decode(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length).put(bytes);
    return codec.decode(MemorySegment.ofBuffer(buffer.clear()), buffer, 0, bytes.length, header);
  }

  private void assertEncodesTo(byte[] golden, byte[] payload) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(golden.length);
      codec.encode(header, target, 0);
      MemorySegment.copy(
          payload, 0, target, ValueLayout.JAVA_BYTE, LogRecordCodec.HEADER_BYTES, payload.length);
      assertEquals(
          HexFormat.of().formatHex(golden),
          HexFormat.of().formatHex(target.toArray(ValueLayout.JAVA_BYTE)));
    }
  }

  @Test
  void aWriteIsByteForByteAsTheFormatSays() throws IOException {
    byte[] golden = golden("write");
    assertEquals(624, golden.length);
    assertNull(decode(golden));
    assertEquals(RecordType.WRITE, header.type);
    assertEquals(WriteAheadLog.FLAG_FUA, header.flags);
    assertEquals(512, header.payloadLength);
    assertEquals(3, header.generation);
    assertEquals(Logs.VOLUME, header.volume);
    assertEquals(Logs.LOG, header.log);
    assertEquals(7, header.epoch);
    assertEquals(0x1122334455L, header.lsn);
    assertEquals(0x1122334450L, header.durableLsn);
    assertEquals(1_700_000_000_123_456_789L, header.timeNanos);
    assertEquals(0xABCDEF, header.sector);
    assertEquals(1, header.sectorCount);
    byte[] payload = new byte[512];
    for (int i = 0; i < payload.length; i++) {
      payload[i] = (byte) i;
    }
    assertEncodesTo(golden, payload);
  }

  @Test
  void aStateRecordIsByteForByteAsTheFormatSays() throws IOException {
    byte[] golden = golden("state");
    assertEquals(176, golden.length);
    assertNull(decode(golden));
    StatePayload state =
        LogRecordCodec.decodeState(MemorySegment.ofArray(golden), LogRecordCodec.HEADER_BYTES);
    assertEquals(new StatePayload(Logs.WRITER, Logs.BOOT, 5, 200, 2, 2, 9, 8), state);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment payload = arena.allocate(LogRecordCodec.STATE_PAYLOAD_BYTES);
      LogRecordCodec.encodeState(
          new StatePayload(Logs.WRITER, Logs.BOOT, 5, 200, 2, 2, 9, 8), payload);
      assertEncodesTo(golden, payload.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void aDurableMarkIsByteForByteAsTheFormatSays() throws IOException {
    byte[] golden = golden("mark");
    assertNull(decode(golden));
    assertEquals(RecordType.DURABLE_MARK, header.type);
    assertEncodesTo(golden, new byte[0]);
  }

  @Test
  void everyFlippedBitIsNoticed() throws IOException {
    for (String name : new String[] {"write", "state", "mark"}) {
      byte[] bytes = golden(name);
      for (int bit = 0; bit < bytes.length * 8; bit++) {
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
        assertNotNull(decode(bytes), name + " bit " + bit);
        assertFalse(header.unsupported);
        bytes[bit / 8] ^= (byte) (1 << bit % 8);
      }
    }
  }

  @Test
  void aWholeRecordOfALaterVersionIsToldApart() throws IOException {
    for (int field : new int[] {4, 5, 6, 104}) {
      byte[] bytes = golden("mark");
      bytes[field] = field == 6 ? 1 : (byte) 99;
      var crc = new java.util.zip.CRC32C();
      java.util.Arrays.fill(bytes, 8, 12, (byte) 0);
      crc.update(bytes, 0, LogRecordCodec.HEADER_BYTES);
      ByteBuffer.wrap(bytes)
          .order(java.nio.ByteOrder.LITTLE_ENDIAN)
          .putInt(8, (int) crc.getValue());
      assertNotNull(decode(bytes));
      assertTrue(header.unsupported, "byte " + field);
    }
  }
}
