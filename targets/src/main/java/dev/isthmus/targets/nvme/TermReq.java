package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * Why a connection is ended: fatal error status and information (NVMe/TCP 1.0, 3.6.2.4, 3.6.2.5).
 *
 * @param status one of the constants
 * @param information byte offset of the wrong field, or the digest received, by status
 */
record TermReq(int status, int information) {

  static final int INVALID_HEADER_FIELD = 1;
  static final int SEQUENCE_ERROR = 2;
  static final int HEADER_DIGEST_ERROR = 3;
  static final int DATA_OUT_OF_RANGE = 4;
  static final int DATA_LIMIT_EXCEEDED = 5;
  static final int UNSUPPORTED_PARAMETER = 6;

  static final int HEADER_SIZE = 24;

  /** Most bytes of the offending PDU's header that are sent back. */
  static final int MAX_ECHO_BYTES = 128;

  static final StructLayout LAYOUT =
      Wire.struct(
          HEADER_SIZE,
          PduHeader.LAYOUT.withName("header"),
          Wire.U16.withName("fes"),
          Wire.U32.withName("fei"),
          Wire.reserved(10));

  private static final int FES_AT = (int) Wire.offset(LAYOUT, "fes");
  private static final int FEI_AT = (int) Wire.offset(LAYOUT, "fei");

  /** Writes a C2HTermReq that sends {@code echoBytes} of {@code offender} back. */
  void write(MemorySegment s, long at, MemorySegment offender, long offenderAt, int echoBytes) {
    s.asSlice(at, HEADER_SIZE).fill((byte) 0);
    PduHeader.write(s, at, PduHeader.C2H_TERM_REQ, 0, HEADER_SIZE, 0, HEADER_SIZE + echoBytes);
    Wire.put16(s, at + FES_AT, status);
    Wire.put32(s, at + FEI_AT, information);
    MemorySegment.copy(offender, offenderAt, s, at + HEADER_SIZE, echoBytes);
  }

  static TermReq read(MemorySegment s, long at) {
    return new TermReq(Wire.u16(s, at + FES_AT), Wire.i32(s, at + FEI_AT));
  }
}
