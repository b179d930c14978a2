package dev.isthmus.blocktranslation;

import java.io.Serial;

/**
 * The cause of a {@code DeviceException} of an open that is not made unless somebody says so: since
 * completed writes would be lost by it, or since this host had lost the volume to another one.
 */
public final class OperatorNeededException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1;

  private final String takeover;

  /**
   * @param takeover see {@link #takeover}
   */
  OperatorNeededException(String takeover) {
    super(takeover.isEmpty() ? "an open by hand does it" : "takeover=" + takeover + " does it");
    this.takeover = takeover;
  }

  /**
   * What has to be agreed to: {@code lossy}, {@code unflushed}; or empty, if nothing is lost and an
   * open by hand will do.
   */
  public String takeover() {
    return takeover;
  }
}
