package dev.isthmus.gateway.bill;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a volume costs in a month in which it takes what it takes now and asks for what it asked for
 * in a window of time. Immutable.
 *
 * @param lines what is charged for; costs of nothing are left in, so that one sees it
 * @param transferOutGb what would leave the bucket in a month
 */
public record Bill(List<Line> lines, BigDecimal transferOutGb) {

  /** 365 days by twelve; a provider counts the hours of each month. */
  public static final int MONTH_HOURS = 730;

  /** Below it, a rate says nothing; it also is what keeps it from being infinite. */
  private static final long LEAST_WINDOW_NANOS = 1_000_000_000;

  private static final MathContext PRECISION = MathContext.DECIMAL64;

  private static final BigDecimal MONTH_NANOS =
      BigDecimal.valueOf(MONTH_HOURS * 3600L).scaleByPowerOfTen(9);

  /** What an amount is counted in. */
  public enum Unit {
    GB_MONTH,
    REQUEST,
    GB
  }

  /**
   * One thing that is charged for.
   *
   * @param item what it is
   * @param aMonth how much of it
   * @param price for one GB, or for a thousand requests
   * @param cost of a month
   */
  public record Line(
      String item, BigDecimal aMonth, Unit unit, BigDecimal price, BigDecimal cost) {}

  public Bill {
    lines = List.copyOf(lines);
  }

  /**
   * Reckons.
   *
   * @param storedBytes what lies in the bucket, by what it is; in the order of the lines
   * @param asked what was asked for in the window; null if that is not known
   */
  public static Bill of(
      PriceTable prices,
      Map<String, Long> storedBytes,
      @Nullable StoreStatistics asked,
      long windowNanos) {
    var lines = new ArrayList<Line>();
    storedBytes.forEach((item, bytes) ->
        lines.add(
            line(
                item,
                gb(prices, BigDecimal.valueOf(bytes)),
                Unit.GB_MONTH,
                prices.storagePerGbMonth())));
    if (asked == null) {
      return new Bill(lines, BigDecimal.ZERO);
    }
    for (RequestKind kind :
        List.of(RequestKind.PUT, RequestKind.GET, RequestKind.LIST, RequestKind.DELETE)) {
      BigDecimal count = aMonth(asked.of(kind).attempts(), windowNanos);
      BigDecimal price = prices.per1000(kind);
      BigDecimal cost = count.scaleByPowerOfTen(-3).multiply(price, PRECISION);
      lines.add(new Line("requests, " + kind, count, Unit.REQUEST, price, cost));
    }
    BigDecimal received = gb(prices, aMonth(asked.total().receivedBytes(), windowNanos));
    BigDecimal price = prices.transferOutPerGb();
    if (price != null) {
      lines.add(line("transfer out", received, Unit.GB, price));
    }
    return new Bill(lines, received);
  }

  private static Line line(String item, BigDecimal gigabytes, Unit unit, BigDecimal price) {
    return new Line(item, gigabytes, unit, price, gigabytes.multiply(price, PRECISION));
  }

  private static BigDecimal gb(PriceTable prices, BigDecimal bytes) {
    return bytes.divide(BigDecimal.valueOf(prices.bytesPerGb()), PRECISION);
  }

  private static BigDecimal aMonth(long count, long windowNanos) {
    long nanos = Math.max(windowNanos, LEAST_WINDOW_NANOS);
    return BigDecimal.valueOf(count)
        .multiply(MONTH_NANOS)
        .divide(BigDecimal.valueOf(nanos), PRECISION);
  }

  /** The sum of all lines. */
  public BigDecimal cost() {
    return lines.stream().map(Line::cost).reduce(BigDecimal.ZERO, BigDecimal::add);
  }

  /** What requests cost that were made once, without a rate. */
  public static BigDecimal once(PriceTable prices, StoreStatistics asked) {
    BigDecimal cost = BigDecimal.ZERO;
    for (RequestKind kind : RequestKind.values()) {
      cost =
          cost.add(BigDecimal.valueOf(asked.of(kind).attempts(), 3).multiply(prices.per1000(kind)));
    }
    return cost;
  }

  /** What the account's free transfer takes off {@code bills} if nobody else uses it. */
  public static BigDecimal freeTransfer(PriceTable prices, List<Bill> bills) {
    BigDecimal price = prices.transferOutPerGb();
    if (price == null) {
      return BigDecimal.ZERO;
    }
    BigDecimal all =
        bills.stream().map(Bill::transferOutGb).reduce(BigDecimal.ZERO, BigDecimal::add);
    return all.min(prices.transferOutFreeGb()).multiply(price, PRECISION);
  }
}
