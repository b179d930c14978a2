package dev.isthmus.gateway.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RequestMeterTest {

  private static final long START_NANOS = -7_000_000_000L; // as nanoTime may

  /** Opening took 6 requests; after it {@code puts} segments were sent. */
  private static StoreStatistics counts(long puts) {
    var counts = new HashMap<StoreStatistics.Request, StoreStatistics.Counts>();
    counts.put(
        new StoreStatistics.Request(RequestKind.GET, RequestPurpose.OPEN),
        StoreStatistics.Counts.charged(6, 6, 0, 600));
    if (puts > 0) {
      counts.put(
          new StoreStatistics.Request(RequestKind.PUT, RequestPurpose.SEGMENT),
          StoreStatistics.Counts.charged(puts, puts, puts * 1000, 0));
    }
    return StoreStatistics.ofCounts(counts);
  }

  private static long minutes(long minutes) {
    return TimeUnit.MINUTES.toNanos(minutes);
  }

  @Test
  void whatOpeningAskedForIsToldApart() {
    var meter = new RequestMeter(counts(0), START_NANOS);
    assertEquals(6, meter.opening().total().attempts());
    RequestWindow idle = meter.sinceOpen(counts(0), START_NANOS + 5);
    assertEquals(5, idle.lengthNanos());
    assertEquals(Map.of(), idle.requests().counts());
    RequestWindow busy = meter.lastHour(counts(2), START_NANOS + 9);
    assertEquals(9, busy.lengthNanos());
    assertEquals(2, busy.requests().total().attempts());
    assertEquals(1, busy.requests().counts().size());
  }

  /**
   * One request a minute, and a sample each five: a day long the window is an hour, or a bit more.
   */
  @Test
  void theLastHourMovesOn() {
    var meter = new RequestMeter(counts(0), START_NANOS);
    for (int minute = 1; minute <= 24 * 60; minute++) {
      long now = START_NANOS + minutes(minute);
      if (minute % 5 == 0) {
        meter.sample(counts(minute), now);
      }
      RequestWindow hour = meter.lastHour(counts(minute), now);
      assertEquals(minutes(hour.requests().total().attempts()), hour.lengthNanos());
      long expected = minute < 65 ? minute : 60 + minute % 5;
      assertEquals(minutes(expected), hour.lengthNanos(), "minute " + minute);
      assertEquals(minutes(minute), meter.sinceOpen(counts(minute), now).lengthNanos());
    }
    // It was busy, and is idle: an hour later nothing is left of it.
    for (int minute = 24 * 60 + 5; minute <= 25 * 60 + 5; minute += 5) {
      meter.sample(counts(1440), START_NANOS + minutes(minute));
    }
    RequestWindow hour = meter.lastHour(counts(1440), START_NANOS + minutes(25 * 60 + 6));
    assertTrue(hour.requests().counts().isEmpty(), hour::toString);
  }
}
