package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.isthmus.blockdevice.contract.Seed;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {

  @ParameterizedTest
  @CsvSource({"0ms,0s", "1500ms,1500ms", "30s,30s", "60s,1m", "90s,90s", "24h,24h", "3600000ms,1h"})
  void parsesAndTellsExactly(String text, String exact) {
    assertEquals(exact, Durations.exact(Durations.parse(text)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "-1s", "1.5s", "1 s", "1S", "1d", "9999999999s", "٣s"})
  void refuses(String text) {
    assertThrows(DeviceException.Invalid.class, () -> Durations.parse(text));
  }

  @Test
  void parsesWhatItTells() {
    Seed.run(seed -> {
      var random = new Random(seed);
      for (int i = 0; i < 10_000; i++) {
        var duration = Duration.ofMillis(random.nextInt(1 << random.nextInt(1, 30)));
        assertEquals(duration, Durations.parse(Durations.exact(duration)));
      }
    });
  }

  @Test
  void whatIsNoWholeMillisecondHasNoExactText() {
    assertThrows(IllegalArgumentException.class, () -> Durations.exact(Duration.ofNanos(1)));
  }
}
