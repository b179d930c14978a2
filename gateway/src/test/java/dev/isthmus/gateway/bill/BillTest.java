package dev.isthmus.gateway.bill;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Against sums made by hand. */
class BillTest {

  private static final long HOUR_NANOS = TimeUnit.HOURS.toNanos(1);

  private static final StoreStatistics NOTHING = StoreStatistics.NOTHING;

  private static void assertAmount(String expected, BigDecimal found) {
    assertEquals(0, new BigDecimal(expected).compareTo(found), () -> expected + ", but " + found);
  }

  private static Bill.Line line(Bill bill, String item) {
    return bill.lines().stream().filter(l -> l.item().equals(item)).findFirst().orElseThrow();
  }

  /** In an hour 2,000 PUTs by 2,100 attempts, 5,000 GETs that brought 2 GiB, and 3 deletions. */
  private static StoreStatistics busy() {
    return StoreStatistics.ofCounts(
        Map.of(
            new StoreStatistics.Request(RequestKind.PUT, RequestPurpose.SEGMENT),
            StoreStatistics.Counts.charged(1000, 1100, 1L << 33, 0),
            new StoreStatistics.Request(RequestKind.PUT, RequestPurpose.MAP),
            StoreStatistics.Counts.charged(1000, 1000, 1 << 20, 0),
            new StoreStatistics.Request(RequestKind.GET, RequestPurpose.READ),
            StoreStatistics.Counts.charged(5000, 5000, 0, 2L << 30),
            new StoreStatistics.Request(RequestKind.DELETE, RequestPurpose.GC),
            StoreStatistics.Counts.charged(3, 3, 0, 0)));
  }

  private static Map<String, Long> stored() {
    var stored = new LinkedHashMap<String, Long>();
    stored.put("live data", 100L << 30);
    stored.put("garbage", 50L << 30);
    return stored;
  }

  @Test
  void byTheListThatComesAlong() {
    PriceTable prices = PriceFile.shipped();
    Bill bill = Bill.of(prices, stored(), busy(), HOUR_NANOS);
    assertAmount("2.3", line(bill, "live data").cost()); // 100 × 0.023
    assertAmount("1.15", line(bill, "garbage").cost());
    Bill.Line puts = line(bill, "requests, PUT");
    assertAmount("1533000", puts.aMonth()); // 2,100 × 730
    assertAmount("7.665", puts.cost()); // × 0.005 / 1,000
    assertAmount("1.46", line(bill, "requests, GET").cost()); // 5,000 × 730 × 0.0004 / 1,000
    assertAmount("0", line(bill, "requests, DELETE").cost());
    assertAmount("2190", line(bill, "requests, DELETE").aMonth());
    assertAmount("131.4", line(bill, "transfer out").cost()); // 2 × 730 × 0.09
    assertAmount("143.975", bill.cost());
    assertAmount("9", Bill.freeTransfer(prices, List.of(bill, bill))); // 100 × 0.09, once
    assertAmount("12.575", Bill.of(prices.withoutTransfer(), stored(), busy(), HOUR_NANOS).cost());
    assertAmount("0.0125", Bill.once(prices, busy())); // 2.1 × 0.005 + 5 × 0.0004
  }

  /** What was asked in half an hour is asked twice as often. */
  @Test
  void aRateIsByTheLengthOfItsWindow() {
    PriceTable prices = PriceFile.shipped();
    Bill half = Bill.of(prices, Map.of(), busy(), HOUR_NANOS / 2);
    assertAmount("3066000", line(half, "requests, PUT").aMonth());
    assertAmount("281.05", half.cost());
  }

  @Test
  void anIdleVolumeCostsItsStorageAlone() {
    Bill bill = Bill.of(PriceFile.shipped(), stored(), NOTHING, HOUR_NANOS);
    assertAmount("3.45", bill.cost());
    // Asked for in the moment in which it was opened.
    assertAmount("3.45", Bill.of(PriceFile.shipped(), stored(), NOTHING, 0).cost());
  }

  @Test
  void aGigabyteIsWhatTheListSays() {
    PriceTable aws = PriceFile.shipped();
    var decimal =
        new PriceTable(
            aws.name(),
            aws.source(),
            aws.date(),
            aws.currency(),
            1_000_000_000,
            BigDecimal.ONE,
            aws.per1000(),
            null,
            BigDecimal.ZERO);
    assertAmount(
        "107.3741824", Bill.of(decimal, Map.of("live data", 100L << 30), NOTHING, 1).cost());
  }
}
