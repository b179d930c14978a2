package dev.isthmus.blocktranslation.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartName;
import dev.isthmus.blocktranslation.map.RunInfo;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class CheckpointCodecTest {

  private static PartInfo part(long nonce, long first, long end, int pages) {
    long entries = pages * 127L - 3;
    return new PartInfo(
        new PartName(5, nonce), 160 + 4232L * pages, entries, first, end, pages, 0x89ABCDEF);
  }

  static Checkpoint golden() {
    var runs =
        List.of(
            new RunInfo(0, List.of(part(0xF000_0000_0000_0001L, 100, 9000, 1))),
            new RunInfo(3, List.of(part(2, 0, 5000, 10), part(3, 5000, 1L << 40, 2))));
    var segments =
        List.of(
            new SegmentUsage(1, 1, 0, 8 << 20, 16_000),
            new SegmentUsage(66, 2, 77, 300, 1000),
            new SegmentUsage(67, 2, 2048, 64 << 20, 2048));
    return new Checkpoint(
        UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
        UUID.fromString("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
        5,
        2,
        133,
        123_456_789,
        1_700_000_000_000_000_000L,
        123_456_800,
        1L << 31,
        6,
        0x8000_0000_0000_0042L,
        true,
        new MapDescription(69, runs, segments),
        List.of(
            new Checkpoint.Doomed(Checkpoint.Kind.SEGMENT, 2, 0, 1_600_000_000_000_000_000L),
            new Checkpoint.Doomed(Checkpoint.Kind.RUN_PART, 4, -1, 1_600_000_000_000_000_001L),
            new Checkpoint.Doomed(Checkpoint.Kind.CHECKPOINT, 4, 9, 1_600_000_000_000_000_002L)));
  }

  static byte[] encode(Checkpoint checkpoint) {
    try (Arena arena = Arena.ofConfined()) {
      return CheckpointCodec.encode(checkpoint, arena).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static Checkpoint decode(byte[] bytes) {
    return CheckpointCodec.decode(MemorySegment.ofArray(bytes));
  }

  @Test
  void bytesAreThoseOfTheGoldenFile() throws IOException {
    byte[] golden;
    try (var in = CheckpointCodecTest.class.getResourceAsStream("checkpoint.golden.hex")) {
      String hex = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII);
      golden = HexFormat.of().parseHex(hex.replace("\n", ""));
    }
    assertArrayEquals(golden, encode(golden()));
    assertEquals(golden(), decode(golden));
  }

  @Test
  void emptyMapComesBack() {
    var before = golden();
    var empty =
        new Checkpoint(
            before.volume(),
            new UUID(0, 0),
            0,
            1,
            1,
            0,
            0,
            0,
            8,
            1,
            0,
            false,
            MapDescription.EMPTY,
            List.of());
    assertEquals(empty, decode(encode(empty)));
  }

  @Test
  void everySingleWrongByteIsFound() {
    byte[] golden = encode(golden());
    for (int at = 0; at < golden.length; at++) {
      byte[] damaged = golden.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      int where = at;
      assertThrows(DeviceException.Corrupt.class, () -> decode(damaged), () -> "byte " + where);
    }
  }

  @Test
  void whatIsInUseCanNotBeDoomed() {
    var good = golden();
    var bad =
        new Checkpoint(
            good.volume(),
            good.writer(),
            good.epoch(),
            good.incarnation(),
            good.nextSequence(),
            good.lastLsn(),
            good.lastTimeNanos(),
            good.durableLsn(),
            good.sizeSectors(),
            good.keyEpoch(),
            good.keyNonce(),
            false,
            good.map(),
            List.of(new Checkpoint.Doomed(Checkpoint.Kind.SEGMENT, 66, 0, 1)));
    assertThrows(IllegalArgumentException.class, () -> encode(bad));
  }
}
