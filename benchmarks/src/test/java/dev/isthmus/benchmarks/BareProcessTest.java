package dev.isthmus.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.benchmarks.wire.BareWire;
import dev.isthmus.benchmarks.wire.ClosedLoop;
import dev.isthmus.benchmarks.wire.Operation;
import dev.isthmus.benchmarks.wire.Sample;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The baseline against itself: a real process, real sockets. */
class BareProcessTest {

  @Test
  void everyRequestIsAnswered() throws IOException {
    try (var responder = new BareProcess()) {
      for (Operation operation : new Operation[] {Operation.READ, Operation.WRITE}) {
        // A second connection, too: the responder goes on after the first.
        try (var wire = new BareWire(responder.port(), operation, 4096)) {
          int requests = 1000;
          Sample sample =
              new ClosedLoop(wire)
                  .run(
                      operation,
                      32,
                      TimeUnit.SECONDS.toNanos(60),
                      Layout.atMost(requests, () -> 0));
          assertEquals(requests, sample.operations());
          assertTrue(sample.p99Micros() >= sample.p50Micros() && sample.p50Micros() > 0);
        }
      }
    }
  }

  @Test
  void aResponderThatIsGoneIsNoFastOne() throws IOException {
    var responder = new BareProcess();
    try (var wire = new BareWire(responder.port(), Operation.READ, 4096)) {
      responder.close();
      assertThrows(
          IOException.class,
          () -> new ClosedLoop(wire).run(Operation.READ, 1, TimeUnit.SECONDS.toNanos(60), () -> 0));
    }
  }
}
