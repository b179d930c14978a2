package dev.isthmus.targets.nvme;

/** Command opcodes (Base 2.0, figures 138 and 390; NVM Command Set 1.0, figure 16). */
final class Opcode {

  static final int FABRICS = 0x7F;

  static final int PROPERTY_SET = 0x00;
  static final int CONNECT = 0x01;
  static final int PROPERTY_GET = 0x04;
  static final int DISCONNECT = 0x08;

  static final int GET_LOG_PAGE = 0x02;
  static final int IDENTIFY = 0x06;
  static final int ABORT = 0x08;
  static final int SET_FEATURES = 0x09;
  static final int GET_FEATURES = 0x0A;
  static final int ASYNC_EVENT_REQUEST = 0x0C;
  static final int KEEP_ALIVE = 0x18;

  static final int FLUSH = 0x00;
  static final int WRITE = 0x01;
  static final int READ = 0x02;
  static final int COMPARE = 0x05;
  static final int WRITE_ZEROES = 0x08;
  static final int DATASET_MANAGEMENT = 0x09;
  static final int VERIFY = 0x0C;

  private Opcode() {}
}
