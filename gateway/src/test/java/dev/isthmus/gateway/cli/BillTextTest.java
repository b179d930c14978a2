package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.gateway.bill.PriceFile;
import dev.isthmus.gateway.bill.PriceTable;
import dev.isthmus.gateway.rpc.v1.ListedBytes;
import dev.isthmus.gateway.rpc.v1.RequestCount;
import dev.isthmus.gateway.rpc.v1.StoredBytes;
import dev.isthmus.gateway.rpc.v1.UsageWindow;
import dev.isthmus.gateway.rpc.v1.VolumeUsage;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What people read, to the letter. */
class BillTextTest {

  private static final PriceTable PRICES = PriceFile.shipped();

  private static RequestCount asked(String kind, String purpose, long attempts, long received) {
    return RequestCount.newBuilder()
        .setKind(kind)
        .setPurpose(purpose)
        .setRequests(attempts)
        .setAttempts(attempts)
        .setReceivedBytes(received)
        .build();
  }

  private static UsageWindow window(long length, TimeUnit unit, RequestCount... asked) {
    return UsageWindow.newBuilder()
        .setLengthNanos(unit.toNanos(length))
        .addAllRequests(List.of(asked))
        .build();
  }

  private static VolumeUsage.Builder db() {
    return VolumeUsage.newBuilder()
        .setName("db")
        .setUri("s3://disks/db?region=us-east-1")
        .setState("READY")
        .setStored(
            StoredBytes.newBuilder()
                .setSegmentBytes(150L << 30)
                .setLiveBytes(100L << 30)
                .setMapBytes(2L << 30)
                .setCheckpointBytes(5 << 20))
        .addOpening(asked("GET", "OPEN", 4, 9000))
        .addOpening(asked("PUT", "MANIFEST", 2, 0));
  }

  private static VolumeUsage busy() {
    return db().setSinceOpen(
            window(
                3,
                TimeUnit.DAYS,
                asked("PUT", "SEGMENT", 72_000, 0),
                asked("GET", "READ", 72_000, 0)))
        .setLastHour(
            window(
                62,
                TimeUnit.MINUTES,
                asked("PUT", "SEGMENT", 5580, 0),
                asked("PUT", "MAP", 620, 0),
                asked("GET", "READ", 310, 31L << 20)))
        .build();
  }

  private static String printed(boolean sinceOpen, VolumeUsage... usages) {
    var text = new StringWriter();
    BillText.print(
        PRICES,
        false,
        Stream.of(usages).map(usage -> VolumeBill.of(PRICES, usage, sinceOpen)).toList(),
        new PrintWriter(text, true));
    return text.toString();
  }

  @Test
  void ofABusyVolume() {
    assertEquals(
        """
        db, s3://disks/db?region=us-east-1
                          RATE           A MONTH    PRICE                   COST A MONTH
        live data                        100.00 GB  0.023 USD per GB-month  2.30 USD
        garbage                          50.00 GB   0.023 USD per GB-month  1.15 USD
        map                              2.00 GB    0.023 USD per GB-month  0.05 USD
        checkpoints                      <0.01 GB   0.023 USD per GB-month  <0.01 USD
        requests, PUT     100.00/min     4,380,000  0.005 USD per 1,000     21.90 USD
        requests, GET     5.00/min       219,000    0.0004 USD per 1,000    0.09 USD
        requests, LIST    0              0          0.005 USD per 1,000     0.00 USD
        requests, DELETE  0              0          free                    0.00 USD
        transfer out      512.0 KiB/min  21.39 GB   0.09 USD per GB         1.92 USD
        in all                                                              27.41 USD
          storage: as its owner knows it; manifest and fences, some kilobytes, are left out
          garbage: estimated by sectors, at least so much
          requests and transfer: an estimate, from 6,510 requests in the last 62 minutes
          GET: read 100 %
          PUT: segment 90 %, map 10 %
          at the rate since it was opened, 3 days ago: 7.44 USD a month
          not in it: opening it, 6 requests once (<0.01 USD)

        if nobody else uses the account's free transfer (100 GB a month): 1.92 USD less
        prices: AWS S3 Standard, us-east-1, of 2025-10-28 (https://aws.amazon.com/s3/pricing/); 1 GB is 2^30 bytes, a month has 730 hours
        taxes, discounts and free allowances of an account are not in it
        """,
        printed(false, busy()));
  }

  @Test
  void anIdleVolumeCostsItsStorageAlone() {
    UsageWindow idle = window(62, TimeUnit.MINUTES);
    String text = printed(false, db().setSinceOpen(idle).setLastHour(idle).build());
    assertTrue(text.contains("an estimate, from none in the 62 minutes since it was"), text);
    assertTrue(text.matches("(?s).*\nin all +3\\.50 USD\n.*"), text);
    assertFalse(text.contains("too short"), text);
  }

  @Test
  void aWindowThatIsTooShortIsSaid() {
    UsageWindow brief = window(59, TimeUnit.SECONDS, asked("PUT", "SEGMENT", 59, 0));
    String text = printed(false, db().setSinceOpen(brief).setLastHour(brief).build());
    assertTrue(
        text.contains("from 59 requests in the 59s since it was opened\n  *** less than a"), text);
  }

  @Test
  void ofAllVolumesWithTheFreeTransferTakenOnce() {
    String text = printed(true, busy(), db().clearStored().setState("NOT_OPEN").build());
    assertTrue(text.contains("in the 3 days since it was opened"), text);
    assertTrue(text.contains("at the rate of the last 62 minutes: 27.41 USD"), text);
    assertTrue(text.contains("it is NOT_OPEN: no requests are counted in, and no storage"), text);
    assertTrue(text.contains("all 2 volumes: 7.44 USD a month"), text);
  }

  @Test
  void whatWasListedIsTakenByTheBucketsWord() {
    var listed =
        ListedBytes.newBuilder()
            .setObjects(20_000)
            .setSegmentBytes(160L << 30)
            .setMapBytes(3L << 30)
            .setOtherBytes(1L << 30)
            .setRequests(20);
    String closed =
        printed(false, db().clearStored().setState("NOT_OPEN").setListed(listed).build());
    assertTrue(
        closed.matches("(?s).*\nsegments +160\\.00 GB .*\nother objects +1\\.00 GB.*"), closed);
    assertTrue(closed.contains("20,000 objects, by a listing now (LISTs: 20)"), closed);
    UsageWindow idle = window(62, TimeUnit.MINUTES);
    String open =
        printed(false, db().setSinceOpen(idle).setLastHour(idle).setListed(listed).build());
    assertTrue(open.matches("(?s).*\nlive data +100\\.00 GB.*\ngarbage +60\\.00 GB .*"), open);
  }
}
