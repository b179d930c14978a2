package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Failures of control calls as gRPC statuses: the one place that says which is which. */
final class StatusMapping {

  private static final Logger LOG = LoggerFactory.getLogger(StatusMapping.class);

  private StatusMapping() {}

  static Status toStatus(Throwable failure) {
    if (failure instanceof DeviceException known) {
      if (known instanceof DeviceException.Internal) {
        LOG.error("a defect: {}", known.getMessage(), known);
      }
      return toStatus(known);
    }
    LOG.error("a control call ended by a defect", failure);
    return Status.INTERNAL.withDescription(
        "a defect of the daemon: " + failure + "; its log says more");
  }

  private static Status toStatus(DeviceException failure) {
    return code(failure).toStatus().withDescription(failure.getMessage());
  }

  /** Which code says what kind of failure. */
  static Status.Code code(DeviceException failure) {
    return switch (failure) {
      case DeviceException.Invalid e -> Status.Code.INVALID_ARGUMENT;
      case DeviceException.Unavailable e -> Status.Code.UNAVAILABLE;
      case DeviceException.Exhausted e -> Status.Code.RESOURCE_EXHAUSTED;
      case DeviceException.Fenced e -> Status.Code.FAILED_PRECONDITION;
      case DeviceException.Corrupt e -> Status.Code.DATA_LOSS;
      case DeviceException.Internal e -> Status.Code.INTERNAL;
    };
  }

  /**
   * The way back, on the client's side.
   *
   * @param socket for people, where the daemon could not be reached
   */
  static DeviceException toException(Status status, String socket) {
    String message =
        status.getDescription() == null ? status.getCode().name() : status.getDescription();
    return switch (status.getCode()) {
      case INVALID_ARGUMENT -> new DeviceException.Invalid(message);
      case UNAVAILABLE ->
          status.getCause() == null
              ? new DeviceException.Unavailable(message)
              : notRunning(socket, status.getCause());
      case RESOURCE_EXHAUSTED -> new DeviceException.Exhausted(message);
      case FAILED_PRECONDITION -> new DeviceException.Fenced(message);
      case DATA_LOSS -> new DeviceException.Corrupt(message);
      case UNIMPLEMENTED ->
          new DeviceException.Invalid(
              "the running daemon is of another version and does not know this: restart it");
      default -> new DeviceException.Internal(message, status.getCause());
    };
  }

  // A status with a cause was made on this side: the connection failed, the daemon said nothing.
  private static DeviceException notRunning(String socket, Throwable cause) {
    return new DeviceException.Unavailable(
        "no isthmus daemon answers on "
            + socket
            + ". Start one with `isthmus serve`, or name another's socket with --socket",
        cause);
  }
}
