package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The common header of every PDU (NVMe/TCP 1.0, 3.6.1).
 *
 * @param pdo offset of the data from the start, 0 without data
 * @param plen length of the whole PDU with digests
 */
record PduHeader(int type, int flags, int hlen, int pdo, int plen) {

  static final int IC_REQ = 0x00;
  static final int IC_RESP = 0x01;
  static final int H2C_TERM_REQ = 0x02;
  static final int C2H_TERM_REQ = 0x03;
  static final int CAPSULE_CMD = 0x04;
  static final int CAPSULE_RESP = 0x05;
  static final int H2C_DATA = 0x06;
  static final int C2H_DATA = 0x07;
  static final int R2T = 0x09;

  static final int FLAG_HDGST = 1;
  static final int FLAG_DDGST = 1 << 1;
  static final int FLAG_LAST = 1 << 2;
  static final int FLAG_SUCCESS = 1 << 3;

  static final int SIZE = 8;
  static final StructLayout LAYOUT =
      Wire.struct(
          SIZE,
          Wire.U8.withName("type"),
          Wire.U8.withName("flags"),
          Wire.U8.withName("hlen"),
          Wire.U8.withName("pdo"),
          Wire.U32.withName("plen"));

  static final int FLAGS_AT = (int) Wire.offset(LAYOUT, "flags");
  static final int HLEN_AT = (int) Wire.offset(LAYOUT, "hlen");
  static final int PDO_AT = (int) Wire.offset(LAYOUT, "pdo");
  static final int PLEN_AT = (int) Wire.offset(LAYOUT, "plen");

  static PduHeader read(MemorySegment s, long at) {
    return new PduHeader(
        Wire.u8(s, at),
        Wire.u8(s, at + FLAGS_AT),
        Wire.u8(s, at + HLEN_AT),
        Wire.u8(s, at + PDO_AT),
        Wire.i32(s, at + PLEN_AT));
  }

  static void write(MemorySegment s, long at, int type, int flags, int hlen, int pdo, int plen) {
    Wire.put8(s, at, type);
    Wire.put8(s, at + FLAGS_AT, flags);
    Wire.put8(s, at + HLEN_AT, hlen);
    Wire.put8(s, at + PDO_AT, pdo);
    Wire.put32(s, at + PLEN_AT, plen);
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
