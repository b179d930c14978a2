package dev.isthmus.targets.nvme;

import java.io.Serial;

/** The host broke the transport's rules: the connection ends with this. */
final class PduException extends Exception {

  @Serial private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // Never serialized.
  private final TermReq reason;

  PduException(int status, int information, String message) {
    // No stack trace: it says nothing that the message does not, and hostile hosts cost less.
    super(message, null, false, false);
    this.reason = new TermReq(status, information);
  }

  TermReq reason() {
    return reason;
  }
}
