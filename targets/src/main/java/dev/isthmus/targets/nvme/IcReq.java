package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * Initialize connection request (NVMe/TCP 1.0, 3.6.2.2).
 *
 * @param pfv format of the PDUs that follow; 0 is the only one
 * @param hpda alignment the host wants for data, in dwords, zero-based
 * @param digests bit 0 header digest, bit 1 data digest
 * @param maxR2t R2Ts the host takes per command at a time, zero-based
 */
record IcReq(int pfv, int hpda, int digests, int maxR2t) {

  static final int SIZE = 128;
  static final StructLayout LAYOUT =
      Wire.struct(
          SIZE,
          PduHeader.LAYOUT.withName("header"),
          Wire.U16.withName("pfv"),
          Wire.U8.withName("hpda"),
          Wire.U8.withName("dgst"),
          Wire.U32.withName("maxr2t"),
          Wire.reserved(112));

  static final int PFV_AT = (int) Wire.offset(LAYOUT, "pfv");
  static final int HPDA_AT = (int) Wire.offset(LAYOUT, "hpda");
  static final int DGST_AT = (int) Wire.offset(LAYOUT, "dgst");
  private static final int MAXR2T_AT = (int) Wire.offset(LAYOUT, "maxr2t");

  static final int MAX_HPDA = 31;

  static IcReq read(MemorySegment s, long at) {
    return new IcReq(
        Wire.u16(s, at + PFV_AT),
        Wire.u8(s, at + HPDA_AT),
        Wire.u8(s, at + DGST_AT),
        Wire.i32(s, at + MAXR2T_AT));
  }
}
