package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The header of H2CData and C2HData, and of R2T, which has the same fields (NVMe/TCP 1.0, 3.6.2.7
 * to 3.6.2.9).
 *
 * @param cid the command's identifier
 * @param ttag the tag that the R2T gave; 0 in C2HData
 * @param offsetBytes where in the command's data this part starts
 * @param lengthBytes how long it is
 */
record DataPdu(int cid, int ttag, int offsetBytes, int lengthBytes) {

  static final int SIZE = 24;
  static final StructLayout LAYOUT =
      Wire.struct(
          SIZE,
          PduHeader.LAYOUT.withName("header"),
          Wire.U16.withName("cccid"),
          Wire.U16.withName("ttag"),
          Wire.U32.withName("datao"),
          Wire.U32.withName("datal"),
          Wire.reserved(4));

  static final int CCCID_AT = (int) Wire.offset(LAYOUT, "cccid");
  static final int TTAG_AT = (int) Wire.offset(LAYOUT, "ttag");
  static final int DATAO_AT = (int) Wire.offset(LAYOUT, "datao");
  static final int DATAL_AT = (int) Wire.offset(LAYOUT, "datal");
  private static final int RESERVED_AT = 20;

  static DataPdu read(MemorySegment s, long at) {
    return new DataPdu(
        Wire.u16(s, at + CCCID_AT),
        Wire.u16(s, at + TTAG_AT),
        Wire.i32(s, at + DATAO_AT),
        Wire.i32(s, at + DATAL_AT));
  }

  /** Writes the fields behind the common header. */
  static void write(MemorySegment s, long at, int cid, int ttag, int offsetBytes, int lengthBytes) {
    Wire.put16(s, at + CCCID_AT, cid);
    Wire.put16(s, at + TTAG_AT, ttag);
    Wire.put32(s, at + DATAO_AT, offsetBytes);
    Wire.put32(s, at + DATAL_AT, lengthBytes);
    Wire.put32(s, at + RESERVED_AT, 0);
  }
}
