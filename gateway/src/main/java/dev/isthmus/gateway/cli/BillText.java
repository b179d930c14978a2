package dev.isthmus.gateway.cli;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.gateway.bill.Bill;
import dev.isthmus.gateway.bill.PriceTable;
import dev.isthmus.gateway.rpc.BillMessages;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Bills for people. */
final class BillText {

  /** A shorter window says little of a month. */
  private static final long SHORT_WINDOW_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** What the URI of a bucket begins with that is a directory. */
  private static final String DIRECTORY = "bucket+file:";

  private static final BigDecimal CENT = new BigDecimal("0.01");
  private static final BigDecimal LEAST_SHOWN = new BigDecimal("0.005");

  private final PriceTable prices;
  private final boolean sameRegion;
  private final PrintWriter out;

  private BillText(PriceTable prices, boolean sameRegion, PrintWriter out) {
    this.prices = prices;
    this.sameRegion = sameRegion;
    this.out = out;
  }

  static void print(
      PriceTable prices, boolean sameRegion, List<VolumeBill> bills, PrintWriter out) {
    var text = new BillText(prices, sameRegion, out);
    if (bills.isEmpty()) {
      out.println("No volume lies in a bucket.");
      return;
    }
    for (VolumeBill bill : bills) {
      text.volume(bill);
      out.println();
    }
    text.total(bills);
    text.source();
  }

  private void volume(VolumeBill volume) {
    out.println(volume.usage().getName() + ", " + volume.usage().getUri());
    var table = new Table("", "RATE", "A MONTH", "PRICE", "COST A MONTH");
    for (Bill.Line line : volume.bill().lines()) {
      table.row(line.item(), rate(line), amount(line), price(line), money(line.cost()));
    }
    table.row("in all", "", "", "", money(volume.bill().cost()));
    table.print(out);
    if (volume.usage().getUri().startsWith(DIRECTORY)) {
      out.println(
          "  it lies in a directory, which nobody charges for: this is what it would cost by these"
              + " prices");
    }
    storageNotes(volume);
    StoreStatistics asked = volume.asked();
    if (asked == null) {
      out.println(
          "  it is "
              + volume.usage().getState()
              + ": no requests are counted in"
              + (volume.usage().hasListed() ? "" : ", and no storage: --list counts that"));
      return;
    }
    requestNotes(volume, asked);
  }

  private void storageNotes(VolumeBill volume) {
    if (volume.usage().hasListed()) {
      out.printf(
          "  storage: %s objects, by a listing now (LISTs: %d)%n",
          grouped(BigDecimal.valueOf(volume.usage().getListed().getObjects())),
          volume.usage().getListed().getRequests());
    } else if (volume.usage().hasStored()) {
      int unknown = volume.usage().getStored().getUnknownObjects();
      out.println(
          "  storage: as its owner knows it; manifest and fences, some kilobytes,"
              + (unknown == 0
                  ? " are left out"
                  : " and "
                      + unknown
                      + " old objects of the map that wait to be deleted are left out (--list counts"
                      + " them)"));
    }
    if (volume.usage().hasStored()) {
      out.println("  garbage: estimated by sectors, at least so much");
    }
  }

  private void requestNotes(VolumeBill volume, StoreStatistics asked) {
    long lengthNanos = volume.window().getLengthNanos();
    long attempts = asked.total().attempts();
    out.printf(
        "  requests%s: an estimate, from %s in the %s%n",
        prices.transferOutPerGb() == null ? "" : " and transfer",
        attempts == 0 ? "none" : grouped(BigDecimal.valueOf(attempts)) + " requests",
        volume.isSinceOpen()
            ? duration(lengthNanos) + " since it was opened"
            : "last " + duration(lengthNanos));
    if (lengthNanos < SHORT_WINDOW_NANOS) {
      out.println("  *** less than a minute: that is too short to tell of a month");
    }
    for (RequestKind kind : RequestKind.values()) {
      if (asked.of(kind).attempts() > 0) {
        out.println("  " + kind + ": " + VolumeBill.purposes(asked, kind));
      }
    }
    Bill other = volume.other();
    if (other != null) {
      out.printf(
          "  at the rate %s: %s a month%n",
          volume.isSinceOpen()
              ? "of the last " + duration(volume.usage().getLastHour().getLengthNanos())
              : "since it was opened, "
                  + duration(volume.usage().getSinceOpen().getLengthNanos())
                  + " ago",
          money(other.cost()));
    }
    StoreStatistics opening = BillMessages.requests(volume.usage().getOpeningList());
    out.printf(
        "  not in it: opening it, %d requests once (%s)%n",
        opening.total().attempts(), money(Bill.once(prices, opening)));
  }

  private void total(List<VolumeBill> volumes) {
    List<Bill> bills = volumes.stream().map(VolumeBill::bill).toList();
    BigDecimal cost = bills.stream().map(Bill::cost).reduce(BigDecimal.ZERO, BigDecimal::add);
    if (volumes.size() > 1) {
      out.println("all " + volumes.size() + " volumes: " + money(cost) + " a month");
    }
    BigDecimal free = Bill.freeTransfer(prices, bills);
    if (free.compareTo(LEAST_SHOWN) >= 0) {
      out.printf(
          "if nobody else uses the account's free transfer (%s GB a month): %s less%n",
          prices.transferOutFreeGb().toPlainString(), money(free));
    }
  }

  private void source() {
    out.printf(
        "prices: %s, of %s (%s); 1 GB is %s bytes, a month has %d hours%n",
        prices.name(),
        prices.date(),
        prices.source(),
        prices.bytesPerGb() == 1L << 30 ? "2^30" : "10^9",
        Bill.MONTH_HOURS);
    if (prices.transferOutPerGb() == null) {
      out.println(
          "data that leaves the bucket is "
              + (sameRegion ? "free, as --same-region says" : "not in this list of prices"));
    }
    out.println("taxes, discounts and free allowances of an account are not in it");
  }

  private String rate(Bill.Line line) {
    BigDecimal minutes = BigDecimal.valueOf(Bill.MONTH_HOURS * 60L);
    return switch (line.unit()) {
      case GB_MONTH -> "";
      case REQUEST ->
          line.aMonth().signum() == 0
              ? "0"
              : line.aMonth().divide(minutes, 2, RoundingMode.HALF_UP).toPlainString() + "/min";
      case GB ->
          VolumeText.approximate(
                  line.aMonth()
                      .multiply(BigDecimal.valueOf(prices.bytesPerGb()))
                      .divide(minutes, 0, RoundingMode.HALF_UP)
                      .longValue())
              + "/min";
    };
  }

  private static String amount(Bill.Line line) {
    return switch (line.unit()) {
      case GB_MONTH, GB -> rounded(line.aMonth()) + " GB";
      case REQUEST -> grouped(line.aMonth());
    };
  }

  private String price(Bill.Line line) {
    if (line.price().signum() == 0) {
      return "free";
    }
    String price = line.price().stripTrailingZeros().toPlainString() + " " + prices.currency();
    return switch (line.unit()) {
      case GB_MONTH -> price + " per GB-month";
      case REQUEST -> price + " per 1,000";
      case GB -> price + " per GB";
    };
  }

  private String money(BigDecimal amount) {
    return rounded(amount) + " " + prices.currency();
  }

  /** To two digits; what is more than nothing never looks like nothing. */
  private static String rounded(BigDecimal amount) {
    return amount.signum() > 0 && amount.compareTo(LEAST_SHOWN) < 0
        ? "<" + CENT.toPlainString()
        : String.format(Locale.ROOT, "%,.2f", amount);
  }

  private static String grouped(BigDecimal count) {
    return String.format(Locale.ROOT, "%,.0f", count);
  }

  private static String duration(long nanos) {
    long seconds = TimeUnit.NANOSECONDS.toSeconds(nanos);
    if (seconds < 120) {
      return seconds + "s";
    }
    long minutes = seconds / 60;
    if (minutes < 120) {
      return minutes + " minutes";
    }
    return minutes < 48 * 60 ? minutes / 60 + " hours" : minutes / (24 * 60) + " days";
  }
}
