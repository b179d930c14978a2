package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** Response capsule: a completion queue entry (NVMe/TCP 1.0, 3.6.2.6; Base 2.0, 3.3.3.2). */
final class CapsuleResp {

  static final int SIZE = 24;
  static final StructLayout LAYOUT =
      Wire.struct(
          SIZE,
          PduHeader.LAYOUT.withName("header"),
          Wire.U64.withName("result"),
          Wire.U16.withName("sqhd"),
          Wire.U16.withName("sqid"),
          Wire.U16.withName("cid"),
          Wire.U16.withName("status"));

  private static final int RESULT_AT = (int) Wire.offset(LAYOUT, "result");
  private static final int SQHD_AT = (int) Wire.offset(LAYOUT, "sqhd");
  private static final int SQID_AT = (int) Wire.offset(LAYOUT, "sqid");
  private static final int CID_AT = (int) Wire.offset(LAYOUT, "cid");
  private static final int STATUS_AT = (int) Wire.offset(LAYOUT, "status");

  private CapsuleResp() {}

  /** Writes the entry behind the common header; {@code status} is the 15-bit status field. */
  static void write(MemorySegment s, long at, long result, int sqhd, int cid, int status) {
    Wire.put64(s, at + RESULT_AT, result);
    Wire.put16(s, at + SQHD_AT, sqhd);
    // Base 2.0, figure 90: the queue identifier is reserved over Fabrics, as is the phase bit.
    Wire.put16(s, at + SQID_AT, 0);
    Wire.put16(s, at + CID_AT, cid);
    Wire.put16(s, at + STATUS_AT, status << 1);
  }
}
