package dev.isthmus.blocktranslation.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Segments, fences and frames: golden files, round trips, and what is refused. */
class SegmentCodecTest {

  static final UUID VOLUME = UUID.fromString("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
  static final UUID WRITER = UUID.fromString("11223344-5566-4778-899a-abbccddeeff0");
  static final long SEQUENCE = 0x1234;

  private static SegmentHeader draft(int kind, long firstLsn, long lastLsn, long next) {
    return new SegmentHeader(
        kind,
        VOLUME,
        WRITER,
        7,
        2,
        SEQUENCE,
        firstLsn,
        lastLsn,
        1_767_225_600_000_000_001L,
        1_767_225_600_000_000_009L,
        0,
        0,
        0,
        next,
        204_800,
        98,
        new byte[0]);
  }

  private static byte[] data(int length, int salt) {
    var data = new byte[length];
    for (int i = 0; i < length; i++) {
      data[i] = (byte) (i * 7 + salt);
    }
    return data;
  }

  /** A write of one sector, zeroes, a write of two sectors, a discard. */
  static byte[] golden() {
    var buffer = new byte[4096];
    var builder = new SegmentBuilder(MemorySegment.ofArray(buffer), VOLUME, SEQUENCE, 4);
    addWrite(builder, 8, data(512, 1), 100);
    builder.addRange(SegmentEntry.ZEROES, 1000, 64, 101);
    addWrite(builder, 9, data(1024, 2), 103);
    builder.addRange(SegmentEntry.DISCARD, 0, 204_800, 104);
    SegmentHeader header = builder.seal(draft(SegmentHeader.DATA, 100, 105, SEQUENCE + 1));
    return Arrays.copyOf(buffer, (int) header.totalLength());
  }

  static byte[] goldenFence() {
    var buffer = new byte[256];
    new SegmentBuilder(MemorySegment.ofArray(buffer), VOLUME, SEQUENCE, 0)
        .seal(draft(SegmentHeader.FENCE, 106, 105, SEQUENCE + 16));
    return buffer;
  }

  private static void addWrite(SegmentBuilder builder, long sector, byte[] data, long lsn) {
    builder.nextData(data.length).copyFrom(MemorySegment.ofArray(data));
    builder.addWrite(sector, data.length, lsn, crc(data, 0, data.length));
  }

  static int crc(byte[] bytes, int from, int length) {
    var crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  @Test
  void goldenFilesAreWrittenAndRead() throws FormatException {
    assertArrayEquals(GoldenFiles.hex("segment.golden.hex"), golden());
    assertArrayEquals(GoldenFiles.hex("fence.golden.hex"), goldenFence());
    MemorySegment bytes = MemorySegment.ofArray(GoldenFiles.hex("segment.golden.hex"));
    SegmentHeader header = SegmentHeader.decode(bytes, VOLUME, SEQUENCE);
    assertEquals(WRITER, header.writer());
    assertEquals(7, header.epoch());
    assertEquals(2, header.incarnation());
    assertEquals(100, header.firstLsn());
    assertEquals(105, header.lastLsn());
    assertEquals(98, header.durableLsn());
    assertEquals(204_800, header.sizeSectors());
    List<SegmentEntry> entries = header.decodeTable(bytes);
    assertEquals(4, entries.size());
    assertEquals(new SegmentEntry(SegmentEntry.ZEROES, 0, 1000, 64, 101, 0, 0), entries.get(1));
    assertEquals(new SegmentEntry(SegmentEntry.DISCARD, 0, 0, 204_800, 104, 0, 0), entries.get(3));
    SegmentEntry second = entries.get(2);
    Frame frame =
        Frame.decode(bytes.asSlice(second.frameOffset()), Frame.volumeTag(VOLUME), SEQUENCE);
    assertEquals(
        new Frame(1024, 1024, second.storedCrc(), 9, 103, second.storedCrc(), SEQUENCE), frame);
    SegmentHeader fence =
        SegmentHeader.decode(
            MemorySegment.ofArray(GoldenFiles.hex("fence.golden.hex")), VOLUME, SEQUENCE);
    assertEquals(SegmentHeader.FENCE, fence.kind());
    assertEquals(SEQUENCE + 16, fence.nextSequence());
    assertEquals(105, fence.lastLsn());
  }

  /** By docs/FORMAT.md alone: nothing of the code under test is used. */
  @Test
  void theGoldenSegmentIsWhatTheDocumentSays() throws Exception {
    byte[] bytes = GoldenFiles.hex("segment.golden.hex");
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals("ISTHSEG1", new String(bytes, 0, 8, StandardCharsets.US_ASCII));
    assertEquals(1, b.getShort(8));
    assertEquals(1, b.get(10));
    assertEquals(0, b.get(11));
    assertEquals(headerCrc(bytes, 0, 256, 12), b.getInt(12));
    assertUuid(VOLUME, bytes, 16);
    assertUuid(WRITER, bytes, 32);
    long[] longs = {7, 2, SEQUENCE, 100, 105};
    for (int i = 0; i < longs.length; i++) {
      assertEquals(longs[i], b.getLong(48 + 8 * i));
    }
    assertEquals(bytes.length, b.getLong(104));
    assertEquals(256, b.getInt(112));
    assertEquals(160, b.getInt(116));
    assertEquals(4, b.getInt(120));
    assertEquals(crc(bytes, 256, 160), b.getInt(124));
    assertEquals(SEQUENCE + 1, b.getLong(128));
    assertEquals(204_800, b.getLong(136));
    var sha = MessageDigest.getInstance("SHA-256");
    sha.update(bytes, 256, bytes.length - 256);
    assertArrayEquals(sha.digest(), Arrays.copyOfRange(bytes, 144, 176));
    assertEquals(98, b.getLong(176));
    assertArrayEquals(new byte[72], Arrays.copyOfRange(bytes, 184, 256));
    // The third entry: a write of two sectors behind the frame of one.
    int entry = 256 + 2 * 40;
    int frame = 256 + 160 + 72 + 512;
    assertEquals(1, b.get(entry));
    assertEquals(frame, b.getInt(entry + 4));
    assertEquals(9, b.getLong(entry + 8));
    assertEquals(2, b.getLong(entry + 16));
    assertEquals(103, b.getLong(entry + 24));
    assertEquals(1024, b.getInt(entry + 32));
    int crc = crc(bytes, frame + 72, 1024);
    assertEquals(crc, b.getInt(entry + 36));
    assertEquals("IFRM", new String(bytes, frame, 4, StandardCharsets.US_ASCII));
    assertEquals(1, b.get(frame + 4));
    assertEquals(1, b.get(frame + 5));
    assertEquals(headerCrc(bytes, frame, 72, 8), b.getInt(frame + 8));
    assertEquals(1024, b.getInt(frame + 12));
    assertEquals(1024, b.getInt(frame + 16));
    assertEquals(crc, b.getInt(frame + 20));
    assertEquals(9, b.getLong(frame + 24));
    assertEquals(103, b.getLong(frame + 32));
    assertArrayEquals(new byte[16], Arrays.copyOfRange(bytes, frame + 40, frame + 56));
    assertEquals(crc, b.getInt(frame + 56));
    assertEquals(crc(bytes, 16, 16), b.getInt(frame + 60), "the CRC of the volume's UUID");
    assertEquals(SEQUENCE, b.getLong(frame + 64));
    assertArrayEquals(data(1024, 2), Arrays.copyOfRange(bytes, frame + 72, frame + 72 + 1024));
    assertEquals(bytes.length, frame + 72 + 1024);
  }

  private static int headerCrc(byte[] bytes, int from, int length, int crcOffset) {
    byte[] header = Arrays.copyOfRange(bytes, from, from + length);
    Arrays.fill(header, crcOffset, crcOffset + 4, (byte) 0);
    return crc(header, 0, length);
  }

  private static void assertUuid(UUID uuid, byte[] bytes, int at) {
    assertEquals(
        uuid.toString().replace("-", ""), java.util.HexFormat.of().formatHex(bytes, at, at + 16));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void whatWasWrittenIsRead(long seed) throws FormatException {
    var random = new Random(seed);
    int count = 1 + random.nextInt(200);
    MemorySegment buffer = MemorySegment.ofArray(new byte[256 + count * 32_880]);
    var builder = new SegmentBuilder(buffer, VOLUME, SEQUENCE, count);
    long lsn = 1L + random.nextInt(1000);
    long first = lsn;
    for (int i = 0; i < count; i++) {
      long sector = random.nextLong(1L << 50);
      if (random.nextInt(3) > 0) {
        var data = new byte[512 * (1 + random.nextInt(64))];
        random.nextBytes(data);
        addWrite(builder, sector, data, lsn);
      } else {
        builder.addRange(2 + random.nextInt(2), sector, 1 + random.nextLong(1L << 50), lsn);
      }
      lsn += 1 + random.nextInt(3);
    }
    SegmentHeader header = builder.seal(draft(SegmentHeader.DATA, first, lsn, SEQUENCE + 1));
    SegmentHeader read = SegmentHeader.decode(buffer, VOLUME, SEQUENCE);
    assertEquals(
        header.toString().replaceAll("digest=.*", ""), read.toString().replaceAll("digest=.*", ""));
    assertArrayEquals(header.digest(), read.digest());
    assertEquals(builder.entries(), read.decodeTable(buffer));
    for (SegmentEntry entry : builder.entries()) {
      if (entry.operation() == SegmentEntry.WRITE) {
        Frame frame =
            Frame.decode(buffer.asSlice(entry.frameOffset()), Frame.volumeTag(VOLUME), SEQUENCE);
        assertEquals(entry.sector(), frame.sector());
        assertEquals(entry.originLsn(), frame.originLsn());
      }
    }
  }

  @Test
  void everySingleBitCounts() {
    byte[] golden = golden();
    for (int bit = 0; bit < golden.length * 8; bit++) {
      byte[] bytes = golden.clone();
      bytes[bit / 8] ^= (byte) (1 << (bit % 8));
      int at = bit;
      assertThrows(
          FormatException.class, () -> readAll(bytes), () -> "bit " + at + " was not seen");
    }
  }

  @Test
  void everyTruncationIsSeen() {
    byte[] golden = golden();
    for (int length = 0; length < golden.length; length++) {
      byte[] bytes = Arrays.copyOf(golden, length);
      assertThrows(FormatException.class, () -> readAll(bytes));
    }
  }

  /** Header, table and every frame. */
  static int readAll(byte[] bytes) throws FormatException {
    MemorySegment object = MemorySegment.ofArray(bytes);
    SegmentHeader header = SegmentHeader.decode(object, VOLUME, SEQUENCE);
    FormatException.check(header.totalLength() == bytes.length, "another length");
    int frames = 0;
    for (SegmentEntry entry : header.decodeTable(object)) {
      if (entry.operation() == SegmentEntry.WRITE) {
        MemorySegment frame =
            object.asSlice(entry.frameOffset(), Frame.HEADER_BYTES + (long) entry.storedLength());
        Frame read = Frame.decode(frame, Frame.volumeTag(VOLUME), SEQUENCE);
        FormatException.check(
            read.storedCrc() == entry.storedCrc() && read.sector() == entry.sector(),
            "table and frame differ");
        frames++;
      }
    }
    FormatException.check(
        Arrays.equals(
            header.digest(), SegmentBuilder.digest(object.asSlice(256, bytes.length - 256L))),
        "the digest does not match");
    return frames;
  }

  @Test
  void othersObjectsAreRefused() {
    MemorySegment bytes = MemorySegment.ofArray(golden());
    assertThrows(FormatException.class, () -> SegmentHeader.decode(bytes, WRITER, SEQUENCE));
    assertThrows(FormatException.class, () -> SegmentHeader.decode(bytes, VOLUME, SEQUENCE + 1));
    MemorySegment frame = bytes.asSlice(256 + 160);
    int tag = Frame.volumeTag(VOLUME);
    assertThrows(FormatException.class, () -> Frame.decode(frame, tag + 1, SEQUENCE));
    assertThrows(FormatException.class, () -> Frame.decode(frame, tag, SEQUENCE - 1));
  }

  @Test
  void anEmptyRangeIsRefused() {
    var buffer = MemorySegment.ofArray(new byte[1024]);
    for (int operation : new int[] {SegmentEntry.ZEROES, SegmentEntry.DISCARD}) {
      var builder = new SegmentBuilder(buffer, VOLUME, SEQUENCE, 1);
      builder.addRange(operation, 8, 0, 100);
      SegmentHeader header = builder.seal(draft(SegmentHeader.DATA, 100, 100, SEQUENCE + 1));
      assertThrows(FormatException.class, () -> header.decodeTable(buffer));
    }
  }

  @Test
  void aFenceLeadsNoFurtherThanTheWidestWindow() {
    var buffer = MemorySegment.ofArray(new byte[256]);
    for (long next : new long[] {SEQUENCE, SEQUENCE + 1025, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      new SegmentBuilder(buffer, VOLUME, SEQUENCE, 0)
          .seal(draft(SegmentHeader.FENCE, 106, 105, next));
      assertThrows(
          FormatException.class, () -> SegmentHeader.decode(buffer, VOLUME, SEQUENCE), "" + next);
    }
    assertTrue(buffer.byteSize() == 256);
  }
}
