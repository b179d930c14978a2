package dev.isthmus.gateway.cli;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.gateway.bill.Bill;
import dev.isthmus.gateway.bill.PriceTable;
import dev.isthmus.gateway.rpc.BillMessages;
import dev.isthmus.gateway.rpc.v1.ListedBytes;
import dev.isthmus.gateway.rpc.v1.StoredBytes;
import dev.isthmus.gateway.rpc.v1.UsageWindow;
import dev.isthmus.gateway.rpc.v1.VolumeUsage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A volume's bill by one window of its requests, and by the other one to compare. Immutable.
 *
 * @param usage what it is made of
 * @param window of the bill
 * @param asked in the window; null of a volume that is not open
 * @param bill by it
 * @param other by the other window, if they differ; else null
 */
record VolumeBill(
    VolumeUsage usage,
    UsageWindow window,
    boolean isSinceOpen,
    @Nullable StoreStatistics asked,
    Bill bill,
    @Nullable Bill other) {

  static VolumeBill of(PriceTable prices, VolumeUsage usage, boolean sinceOpen) {
    Map<String, Long> stored = stored(usage);
    if (!usage.hasSinceOpen()) {
      var none = UsageWindow.getDefaultInstance();
      return new VolumeBill(usage, none, sinceOpen, null, Bill.of(prices, stored, null, 0), null);
    }
    UsageWindow window = sinceOpen ? usage.getSinceOpen() : usage.getLastHour();
    UsageWindow second = sinceOpen ? usage.getLastHour() : usage.getSinceOpen();
    boolean isAll = window.getLengthNanos() == second.getLengthNanos();
    StoreStatistics asked = BillMessages.requests(window.getRequestsList());
    return new VolumeBill(
        usage,
        window,
        sinceOpen || isAll,
        asked,
        Bill.of(prices, stored, asked, window.getLengthNanos()),
        isAll ? null : bill(prices, stored, second));
  }

  private static Bill bill(PriceTable prices, Map<String, Long> stored, UsageWindow window) {
    return Bill.of(
        prices, stored, BillMessages.requests(window.getRequestsList()), window.getLengthNanos());
  }

  /**
   * By the bucket's word where it was asked; what of the segments is live, only the owner knows.
   */
  private static Map<String, Long> stored(VolumeUsage usage) {
    var items = new LinkedHashMap<String, Long>();
    StoredBytes known = usage.getStored();
    ListedBytes listed = usage.getListed();
    if (!usage.hasStored() && !usage.hasListed()) {
      return items;
    }
    long segments = usage.hasListed() ? listed.getSegmentBytes() : known.getSegmentBytes();
    if (usage.hasStored()) {
      long live = Math.min(segments, known.getLiveBytes());
      items.put("live data", live);
      items.put("garbage", segments - live);
    } else {
      items.put("segments", segments);
    }
    items.put("map", usage.hasListed() ? listed.getMapBytes() : known.getMapBytes());
    items.put(
        "checkpoints",
        usage.hasListed() ? listed.getCheckpointBytes() : known.getCheckpointBytes());
    if (usage.hasListed()) {
      items.put("other objects", listed.getOtherBytes());
    }
    return items;
  }

  /** What requests of a kind were for, by share of their number, the most first. */
  static String purposes(StoreStatistics asked, RequestKind kind) {
    long all = asked.of(kind).attempts();
    var shares = new TreeMap<Long, String>();
    asked
        .counts()
        .forEach((request, counts) -> {
          if (request.kind() == kind && counts.attempts() > 0) {
            shares.merge(
                -counts.attempts(),
                request.purpose().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'),
                (one, another) -> one + " and " + another + " each");
          }
        });
    var text = new StringBuilder();
    shares.forEach((negative, purpose) ->
        text.append(text.isEmpty() ? "" : ", ")
            .append(purpose)
            .append(' ')
            .append(Math.round(-negative * 100.0 / all))
            .append(" %"));
    return text.toString();
  }
}
