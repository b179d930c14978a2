package dev.isthmus.targets.nvme;

/**
 * NVMe status: status code type × 256 + status code, and the flags of the 15-bit status field (Base
 * 2.0, 3.3.3.2.1).
 */
final class StatusCode {

  static final int DNR = 1 << 14;
  private static final int CRD_SHIFT = 11;
  static final int CODE_MASK = 0x7FF;

  static final int SUCCESS = 0x000;
  static final int INVALID_OPCODE = 0x001;
  static final int INVALID_FIELD = 0x002;
  static final int INTERNAL_ERROR = 0x006;
  static final int ABORT_REQUESTED = 0x007;
  static final int INVALID_NAMESPACE = 0x00B;
  static final int COMMAND_SEQUENCE_ERROR = 0x00C;
  static final int DATA_SGL_LENGTH_INVALID = 0x00F;
  static final int SGL_TYPE_INVALID = 0x011;
  static final int SGL_OFFSET_INVALID = 0x016;
  static final int NAMESPACE_WRITE_PROTECTED = 0x020;
  static final int TRANSIENT_TRANSPORT_ERROR = 0x022;
  static final int LBA_OUT_OF_RANGE = 0x080;
  static final int CAPACITY_EXCEEDED = 0x081;
  static final int NAMESPACE_NOT_READY = 0x082;

  static final int ABORT_LIMIT_EXCEEDED = 0x103;
  static final int ASYNC_EVENT_LIMIT_EXCEEDED = 0x105;
  static final int INVALID_LOG_PAGE = 0x109;
  static final int FEATURE_NOT_SAVEABLE = 0x10D;
  static final int FEATURE_NOT_CHANGEABLE = 0x10E;

  static final int CONNECT_INCOMPATIBLE_FORMAT = 0x180;
  static final int CONNECT_CONTROLLER_BUSY = 0x181;
  static final int CONNECT_INVALID_PARAMETERS = 0x182;
  static final int CONNECT_INVALID_HOST = 0x184;

  static final int WRITE_FAULT = 0x280;
  static final int UNRECOVERED_READ_ERROR = 0x281;
  static final int COMPARE_FAILURE = 0x285;

  static final int ANA_PERSISTENT_LOSS = 0x301;
  static final int ANA_INACCESSIBLE = 0x302;

  private StatusCode() {}

  /** {@code code} with "do not retry". */
  static int dnr(int code) {
    return code | DNR;
  }

  /** {@code code} with the command retry delay of CRDT1 to 3, or without one for 0. */
  static int withRetryDelay(int code, int index) {
    return code | index << CRD_SHIFT;
  }
}
