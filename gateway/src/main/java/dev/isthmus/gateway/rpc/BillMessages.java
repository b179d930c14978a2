package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.gateway.bill.PriceTable;
import dev.isthmus.gateway.daemon.RequestWindow;
import dev.isthmus.gateway.daemon.VolumeUsage;
import dev.isthmus.gateway.rpc.v1.ListedBytes;
import dev.isthmus.gateway.rpc.v1.RequestCount;
import dev.isthmus.gateway.rpc.v1.StoredBytes;
import dev.isthmus.gateway.rpc.v1.UsageWindow;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What bills are made of, as messages, and back. */
public final class BillMessages {

  private BillMessages() {}

  static dev.isthmus.gateway.rpc.v1.VolumeUsage.Builder usage(VolumeUsage usage) {
    var message =
        dev.isthmus.gateway.rpc.v1.VolumeUsage.newBuilder()
            .setName(usage.name())
            .setUri(usage.uri())
            .setState(usage.state());
    VolumeUsage.Open open = usage.open();
    if (open != null) {
      message
          .setStored(
              StoredBytes.newBuilder()
                  .setSegmentBytes(open.stored().segmentBytes())
                  .setLiveBytes(open.stored().liveBytes())
                  .setMapBytes(open.stored().mapBytes())
                  .setCheckpointBytes(open.stored().checkpointBytes())
                  .setUnknownObjects(open.stored().unknownObjects()))
          .addAllOpening(counts(open.opening()))
          .setSinceOpen(window(open.sinceOpen()))
          .setLastHour(window(open.lastHour()));
    }
    return message;
  }

  static ListedBytes listed(dev.isthmus.blocktranslation.ListedBytes listed) {
    return ListedBytes.newBuilder()
        .setObjects(listed.objects())
        .setSegmentBytes(listed.segmentBytes())
        .setMapBytes(listed.mapBytes())
        .setCheckpointBytes(listed.checkpointBytes())
        .setOtherBytes(listed.otherBytes())
        .setRequests(listed.requests())
        .build();
  }

  private static UsageWindow window(RequestWindow window) {
    return UsageWindow.newBuilder()
        .setLengthNanos(window.lengthNanos())
        .addAllRequests(counts(window.requests()))
        .build();
  }

  private static List<RequestCount> counts(StoreStatistics statistics) {
    return statistics.counts().entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<StoreStatistics.Request, StoreStatistics.Counts> e) ->
                    e.getKey().kind())
                .thenComparing(e -> e.getKey().purpose()))
        .map(e ->
            RequestCount.newBuilder()
                .setKind(e.getKey().kind().name())
                .setPurpose(e.getKey().purpose().name())
                .setRequests(e.getValue().requests())
                .setAttempts(e.getValue().attempts())
                .setSentBytes(e.getValue().sentBytes())
                .setReceivedBytes(e.getValue().receivedBytes())
                .build())
        .toList();
  }

  /** What was asked for, as far as a message tells. */
  public static StoreStatistics requests(List<RequestCount> messages) {
    var counts = new HashMap<StoreStatistics.Request, StoreStatistics.Counts>();
    for (RequestCount message : messages) {
      StoreStatistics.Request request;
      try {
        request =
            new StoreStatistics.Request(
                RequestKind.valueOf(message.getKind()),
                RequestPurpose.valueOf(message.getPurpose()));
      } catch (IllegalArgumentException e) {
        throw otherVersion(message.getKind() + " for " + message.getPurpose(), e);
      }
      counts.put(
          request,
          StoreStatistics.Counts.charged(
              message.getRequests(),
              message.getAttempts(),
              message.getSentBytes(),
              message.getReceivedBytes()));
    }
    return StoreStatistics.ofCounts(counts);
  }

  private static DeviceException otherVersion(String what, RuntimeException e) {
    return new DeviceException.Invalid(
        "the daemon is of another version than this command: it tells of " + what, e);
  }

  static dev.isthmus.gateway.rpc.v1.PriceTable prices(PriceTable table) {
    BigDecimal transferOut = table.transferOutPerGb();
    return dev.isthmus.gateway.rpc.v1.PriceTable.newBuilder()
        .setName(table.name())
        .setSource(table.source())
        .setDate(table.date().toString())
        .setCurrency(table.currency())
        .setBytesPerGb(table.bytesPerGb())
        .setStoragePerGbMonth(table.storagePerGbMonth().toPlainString())
        .setPutPer1000(table.per1000(RequestKind.PUT).toPlainString())
        .setListPer1000(table.per1000(RequestKind.LIST).toPlainString())
        .setGetPer1000(table.per1000(RequestKind.GET).toPlainString())
        .setDeletePer1000(table.per1000(RequestKind.DELETE).toPlainString())
        .setTransferOutPerGb(transferOut == null ? "" : transferOut.toPlainString())
        .setTransferOutFreeGb(table.transferOutFreeGb().toPlainString())
        .build();
  }

  /** The table of a message. */
  public static PriceTable prices(dev.isthmus.gateway.rpc.v1.PriceTable message) {
    try {
      String transferOut = message.getTransferOutPerGb();
      return new PriceTable(
          message.getName(),
          message.getSource(),
          LocalDate.parse(message.getDate()),
          message.getCurrency(),
          message.getBytesPerGb(),
          new BigDecimal(message.getStoragePerGbMonth()),
          Map.of(
              RequestKind.PUT, new BigDecimal(message.getPutPer1000()),
              RequestKind.LIST, new BigDecimal(message.getListPer1000()),
              RequestKind.GET, new BigDecimal(message.getGetPer1000()),
              RequestKind.DELETE, new BigDecimal(message.getDeletePer1000())),
          transferOut.isEmpty() ? null : new BigDecimal(transferOut),
          new BigDecimal(message.getTransferOutFreeGb()));
    } catch (java.time.DateTimeException | NumberFormatException e) {
      throw otherVersion("prices that are no numbers", e);
    }
  }
}
