package dev.isthmus.targets.nvme;

/**
 * Notices that a controller sends by an Asynchronous Event Request (Base 2.0, 5.2.1; figure 148).
 */
enum AsyncEvent {
  NAMESPACE_CHANGE(8, 0x00, LogPages.CHANGED_NAMESPACES),
  ANA_CHANGE(11, 0x03, LogPages.ANA),
  DISCOVERY_CHANGE(31, 0xF0, LogPages.DISCOVERY);

  private static final int TYPE_NOTICE = 2;

  /** Its bit in OAES and in feature 0Bh. */
  final int enableBit;

  private final int information;

  /** The log page that says more; reading it lets the next event of this kind come. */
  final int logPage;

  AsyncEvent(int bit, int information, int logPage) {
    this.enableBit = 1 << bit;
    this.information = information;
    this.logPage = logPage;
  }

  /** Dword 0 of the completion. */
  int result() {
    return TYPE_NOTICE | information << 8 | logPage << 16;
  }
}
