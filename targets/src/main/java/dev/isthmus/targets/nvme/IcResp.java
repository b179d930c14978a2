package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * Initialize connection response (NVMe/TCP 1.0, 3.6.2.3).
 *
 * @param digests as of {@link IcReq}
 * @param maxH2cDataBytes most data of one H2CData PDU, a multiple of 4, at least 4096
 */
record IcResp(int digests, int maxH2cDataBytes) {

  static final int SIZE = 128;
  static final StructLayout LAYOUT =
      Wire.struct(
          SIZE,
          PduHeader.LAYOUT.withName("header"),
          Wire.U16.withName("pfv"),
          Wire.U8.withName("cpda"),
          Wire.U8.withName("dgst"),
          Wire.U32.withName("maxh2cdata"),
          Wire.reserved(112));

  private static final int DGST_AT = (int) Wire.offset(LAYOUT, "dgst");
  private static final int MAXH2CDATA_AT = (int) Wire.offset(LAYOUT, "maxh2cdata");

  void write(MemorySegment s, long at) {
    s.asSlice(at, SIZE).fill((byte) 0);
    PduHeader.write(s, at, PduHeader.IC_RESP, 0, SIZE, 0, SIZE);
    Wire.put8(s, at + DGST_AT, digests);
    Wire.put32(s, at + MAXH2CDATA_AT, maxH2cDataBytes);
  }
}
