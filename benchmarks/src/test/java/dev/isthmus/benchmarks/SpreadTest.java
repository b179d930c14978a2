package dev.isthmus.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {

  @Test
  void middleAndEnds() {
    assertEquals(new Spread(2, 1, 9), Spread.of(9, 1, 2));
    assertEquals(new Spread(3, 1, 9), Spread.of(9, 1, 2, 4));
    assertThrows(IllegalArgumentException.class, Spread::of);
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    // The second round ran at half the speed for both: no ratio shows it.
    assertEquals(
        new Spread(0.5, 0.5, 0.5),
        Spread.ofRatios(List.of(50.0, 25.0), List.of(100.0, 50.0), v -> v));
  }
}
