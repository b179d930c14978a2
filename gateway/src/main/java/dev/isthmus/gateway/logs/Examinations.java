package dev.isthmus.gateway.logs;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.wal.LogAbsentException;
import dev.isthmus.wal.LogCorruptException;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.LogInUseException;
import java.util.function.Function;

/** Examinations of located logs, with failures as control calls have them. Stateless. */
public final class Examinations {

  private Examinations() {}

  /**
   * Examines {@code log} and hands it to {@code use}; no owner can open it meanwhile.
   *
   * @throws DeviceException.Unavailable if an owner has it open, or the disk fails
   */
  public static <T> T with(LocatedLog log, Function<LogExamination, T> use) {
    try (LogExamination examination = LogExamination.of(log.directory())) {
      return use.apply(examination);
    } catch (LogException e) {
      throw failure(e);
    }
  }

  private static DeviceException failure(LogException failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case LogInUseException e ->
          new DeviceException.Unavailable(
              message + ": a gateway runs with it. Close the volume there, or stop the gateway", e);
      case LogAbsentException e -> new DeviceException.Invalid(message, e);
      case LogCorruptException e -> new DeviceException.Corrupt(message, e);
      default -> new DeviceException.Unavailable(message, failure);
    };
  }
}
