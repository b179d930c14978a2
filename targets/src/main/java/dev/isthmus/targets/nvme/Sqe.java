package dev.isthmus.targets.nvme;

import java.lang.foreign.StructLayout;

/** Submission queue entry: the layout that all commands share (Base 2.0, 3.3.3.1; figure 88). */
final class Sqe {

  static final int SIZE = 64;
  static final StructLayout LAYOUT =
      Wire.struct(
          SIZE,
          Wire.U8.withName("opcode"),
          Wire.U8.withName("flags"),
          Wire.U16.withName("cid"),
          Wire.U32.withName("nsid"),
          Wire.U32.withName("cdw2"),
          Wire.U32.withName("cdw3"),
          Wire.U64.withName("mptr"),
          Wire.U64.withName("sgl_address"),
          Wire.U32.withName("sgl_length"),
          Wire.reserved(3),
          Wire.U8.withName("sgl_type"),
          Wire.U32.withName("cdw10"),
          Wire.U32.withName("cdw11"),
          Wire.U32.withName("cdw12"),
          Wire.U32.withName("cdw13"),
          Wire.U32.withName("cdw14"),
          Wire.U32.withName("cdw15"));

  static final int FLAGS_AT = (int) Wire.offset(LAYOUT, "flags");
  static final int CID_AT = (int) Wire.offset(LAYOUT, "cid");
  static final int NSID_AT = (int) Wire.offset(LAYOUT, "nsid");
  static final int SGL_ADDRESS_AT = (int) Wire.offset(LAYOUT, "sgl_address");
  static final int SGL_LENGTH_AT = (int) Wire.offset(LAYOUT, "sgl_length");
  static final int SGL_TYPE_AT = (int) Wire.offset(LAYOUT, "sgl_type");
  static final int CDW10_AT = (int) Wire.offset(LAYOUT, "cdw10");

  /** Bits 7:6 of flags: an SGL, with a metadata buffer address; the one form of Fabrics. */
  static final int PSDT_MASK = 0xC0;

  static final int PSDT_SGL = 0x40;
  static final int FUSED_MASK = 0x03;

  /** Data block descriptor with an offset into the capsule. */
  static final int SGL_IN_CAPSULE = 0x01;

  /** Transport SGL data block descriptor: the transport moves the data. */
  static final int SGL_TRANSPORT = 0x5A;

  private Sqe() {}
}
