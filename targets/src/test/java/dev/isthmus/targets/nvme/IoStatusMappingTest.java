package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blockdevice.IoStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IoStatusMappingTest {

  @ParameterizedTest
  @CsvSource({
    "OK, true, 0000",
    "INVALID, true, 4002",
    "OUT_OF_RANGE, false, 4080",
    "UNSUPPORTED, true, 4001",
    "MISCOMPARE, true, 4285",
    "BUSY, false, 0082",
    "UNAVAILABLE, false, 0082",
    "CAPACITY_EXCEEDED, false, 4081",
    "READ_ONLY, false, 4020",
    "FENCED, false, 4301",
    "CORRUPT, true, 4281",
    "CORRUPT, false, 4280",
    "MEDIA_ERROR, true, 4281",
    "MEDIA_ERROR, false, 4280",
    "CANCELLED, false, 0007",
    "CLOSED, false, 0082",
    "INTERNAL, true, 4006"
  })
  void statuses(IoStatus status, boolean reads, String field) {
    assertEquals(
        Integer.parseInt(field, 16),
        IoStatusMapping.statusField(status, reads, AnaState.OPTIMIZED, false));
  }

  @Test
  void whatMayComeBackIsToldByAnaOrByADelay() {
    for (IoStatus status : new IoStatus[] {IoStatus.BUSY, IoStatus.UNAVAILABLE, IoStatus.CLOSED}) {
      assertEquals(0x302, IoStatusMapping.statusField(status, false, AnaState.INACCESSIBLE, true));
      assertEquals(
          0x082 | 1 << 11, IoStatusMapping.statusField(status, false, AnaState.OPTIMIZED, true));
    }
  }
}
