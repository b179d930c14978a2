package dev.isthmus.gateway.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.ReadIntegrity;
import dev.isthmus.blocktranslation.VolumeStatistics;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The promise that people read: each word of it is one that the design keeps. */
class DurabilityWordsTest {

  private static final DeviceIdentity IDENTITY = new DeviceIdentity(new UUID(1, 2), 1);

  private static List<String> words(
      String uri, OpenOutcome outcome, VolumeView.@Nullable Bucket bucket) {
    var info = new DeviceInfo(IDENTITY, "d", 1 << 20, 4096, 1 << 20, 4096, false, true, true, true);
    return DurabilityWords.of(
        new VolumeView(
            "d",
            uri,
            null,
            new VolumeView.Open(info, DeviceState.READY, outcome, Positions.NONE, bucket),
            ""));
  }

  private static VolumeView.Bucket bucket(Tier ack, Tier flush) {
    return new VolumeView.Bucket(
        new VolumeSummary(
            "d", "s3://b/d", IDENTITY, 1 << 20, 4096, ack, flush, 1, true, 0, 0, Instant.EPOCH),
        new VolumeStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ReadIntegrity.NONE),
        new StoreStatistics(Map.of(), 0, 0),
        null);
  }

  @Test
  void ofBuckets() {
    assertEquals(
        List.of(
            "A completed write survives a crash of this daemon (kill -9).",
            "A flushed write survives a power cut.",
            "Losing this host's disk loses what is not in the bucket yet: the newest seconds"
                + " (the metric isthmus_volume_upload_lag_seconds says how many)."),
        words("s3://b/d", OpenOutcome.COMPLETE, bucket(Tier.APPLIED, Tier.LOCAL_DURABLE)));
    assertEquals(
        List.of(
            "A completed write survives a power cut.",
            "A flushed write survives a power cut, and the loss of this host.",
            "Losing this host's disk loses writes that were not flushed: the newest seconds."),
        words("s3://b/d", OpenOutcome.COMPLETE, bucket(Tier.LOCAL_DURABLE, Tier.UPLOADED)));
  }

  @Test
  void aBucketOnThisHostIsNoSecondPlace() {
    for (Tier flush : Tier.values()) {
      List<String> words =
          words("bucket+file:///srv/b/d", OpenOutcome.COMPLETE, bucket(Tier.APPLIED, flush));
      assertFalse(String.join(" ", words).contains("loss of this host"), words.toString());
      assertTrue(
          words.getLast().startsWith("Losing the disk that holds /srv/b/d loses the volume"));
    }
  }

  @Test
  void ofDevicesThatAreNoVolumes() {
    assertEquals(
        List.of("It lives in memory: stopping the daemon loses everything."),
        words("malloc:///m?size=1MiB", OpenOutcome.COMPLETE, null));
    assertEquals(
        List.of("Nothing is stored: writes are forgotten, reads give zeroes."),
        words("null:///n?size=1MiB", OpenOutcome.COMPLETE, null));
    assertEquals(
        List.of(
            "A completed write survives a crash of this daemon.",
            "A flushed write survives a power cut.",
            "Losing the disk that holds /srv/f.img loses the volume."),
        words("file:///srv/f.img", OpenOutcome.COMPLETE, null));
  }

  @Test
  void aRollBackStandsFirstAndLoud() {
    List<String> words =
        words(
            "s3://b/d",
            new OpenOutcome.RolledBack(41, "the log of the last owner is not here"),
            bucket(Tier.APPLIED, Tier.LOCAL_DURABLE));
    assertEquals(
        "*** ROLLED BACK: this is an older state of the disk (up to 41).", words.getFirst());
    assertEquals("*** the log of the last owner is not here", words.get(1));
  }
}
