package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.IoStatus;

/** The one place where a device's status becomes an NVMe status. */
final class IoStatusMapping {

  /** CRD value that selects CRDT1: the device can't serve now. */
  static final int RETRY_DELAY_DEVICE = 1;

  /** CRD value that selects CRDT2: the namespace's identity was not read yet. */
  static final int RETRY_DELAY_IDENTITY = 2;

  private IoStatusMapping() {}

  /**
   * The status field for {@code status}.
   *
   * @param reads whether the command reads data, which tells media errors apart
   * @param ana the state of the namespace's group: a host that knows ANA waits for its change
   * @param retryDelays whether the host takes command retry delays (feature 16h, ACRE)
   */
  static int statusField(IoStatus status, boolean reads, AnaState ana, boolean retryDelays) {
    int code =
        switch (status) {
          case OK -> StatusCode.SUCCESS;
          case INVALID -> StatusCode.INVALID_FIELD;
          case OUT_OF_RANGE -> StatusCode.LBA_OUT_OF_RANGE;
          case UNSUPPORTED -> StatusCode.INVALID_OPCODE;
          case MISCOMPARE -> StatusCode.COMPARE_FAILURE;
          case BUSY, UNAVAILABLE, CLOSED ->
              ana == AnaState.INACCESSIBLE
                  ? StatusCode.ANA_INACCESSIBLE
                  : StatusCode.NAMESPACE_NOT_READY;
          case CAPACITY_EXCEEDED -> StatusCode.CAPACITY_EXCEEDED;
          case READ_ONLY -> StatusCode.NAMESPACE_WRITE_PROTECTED;
          case FENCED -> StatusCode.ANA_PERSISTENT_LOSS;
          case CORRUPT, MEDIA_ERROR ->
              reads ? StatusCode.UNRECOVERED_READ_ERROR : StatusCode.WRITE_FAULT;
          case CANCELLED -> StatusCode.ABORT_REQUESTED;
          case INTERNAL -> StatusCode.INTERNAL_ERROR;
        };
    if (status == IoStatus.OK) {
      return code;
    }
    if (!status.isRetryable()) {
      return StatusCode.dnr(code);
    }
    return retryDelays && code == StatusCode.NAMESPACE_NOT_READY
        ? StatusCode.withRetryDelay(code, RETRY_DELAY_DEVICE)
        : code;
  }
}
