package dev.isthmus.gateway.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blockdevice.DeviceException;
import io.grpc.Status;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatusMappingTest {

  @Test
  void eachFailureHasItsCodeAndComesBackAsItWas() {
    Map<DeviceException, Status.Code> expected = new LinkedHashMap<>();
    expected.put(new DeviceException.Invalid("i"), Status.Code.INVALID_ARGUMENT);
    expected.put(new DeviceException.Unavailable("u"), Status.Code.UNAVAILABLE);
    expected.put(new DeviceException.Exhausted("e"), Status.Code.RESOURCE_EXHAUSTED);
    expected.put(new DeviceException.Fenced("f"), Status.Code.FAILED_PRECONDITION);
    expected.put(new DeviceException.Corrupt("c"), Status.Code.DATA_LOSS);
    expected.put(new DeviceException.Internal("n"), Status.Code.INTERNAL);
    expected.forEach((failure, code) -> {
      Status status = StatusMapping.toStatus(failure);
      assertEquals(code, status.getCode());
      DeviceException back = StatusMapping.toException(status, "/s");
      assertEquals(failure.getClass(), back.getClass());
      assertEquals(failure.getMessage(), back.getMessage());
    });
    assertEquals(
        DeviceException.class.getPermittedSubclasses().length, expected.size(), "all of them");
  }

  @Test
  void aDefectIsInternal() {
    Status status = StatusMapping.toStatus(new IllegalStateException("x"));
    assertEquals(Status.Code.INTERNAL, status.getCode());
  }
}
