package dev.isthmus.gateway.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.ReadIntegrity;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.StoredBytes;
import dev.isthmus.blocktranslation.Tiers;
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

  private static VolumeView.Bucket bucket(Tier ack, Tier flush, String rpo) {
    var tiers = new Tiers(ack, flush, Rpo.parse(rpo));
    return new VolumeView.Bucket(
        new VolumeSummary(
            "d",
            "s3://b/d",
            IDENTITY,
            1 << 20,
            4096,
            tiers,
            Fencing.CONDITIONAL,
            1,
            true,
            0,
            0,
            Instant.EPOCH),
        // In force and not recorded yet: nothing is promised by that.
        new Tiers(Tier.LOCAL_DURABLE, Tier.UPLOADED),
        new VolumeStatistics(
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            false,
            0,
            0,
            StoredBytes.NONE,
            ReadIntegrity.NONE),
        new StoreStatistics(Map.of(), 0, 0, 64, 100),
        false,
        null);
  }

  @Test
  void ofBuckets() {
    assertEquals(
        List.of(
            "After a crash of this daemon (kill -9): every completed write is kept.",
            "After a power cut: every flushed write is kept; completed ones that were not flushed"
                + " may be gone.",
            "After the loss of this host: the newest seconds of writes are gone, flushed ones"
                + " among them (the metric isthmus_volume_upload_lag_seconds says how many).",
            "After the loss of the bucket: everything is gone but what the log on this host still"
                + " holds."),
        words("s3://b/d", OpenOutcome.COMPLETE, bucket(Tier.APPLIED, Tier.LOCAL_DURABLE, "none")));
    assertEquals(
        List.of(
            "After a crash of this daemon (kill -9): every completed write is kept.",
            "After a power cut: every completed write is kept.",
            "After the loss of this host: every flushed write is kept; of the others the newest"
                + " seconds are gone (the metric isthmus_volume_upload_lag_seconds says how"
                + " many).",
            "After the loss of the bucket: everything is gone but what the log on this host still"
                + " holds."),
        words("s3://b/d", OpenOutcome.COMPLETE, bucket(Tier.LOCAL_DURABLE, Tier.UPLOADED, "none")));
  }

  @Test
  void aLimitOnTheLagIsTold() {
    assertEquals(
        "After the loss of this host: the newest seconds of writes are gone, flushed ones among"
            + " them, 30s at most: writers wait rather than exceed that.",
        words(
                "s3://b/d",
                OpenOutcome.COMPLETE,
                bucket(Tier.APPLIED, Tier.LOCAL_DURABLE, "30s,enforce"))
            .get(2));
    assertEquals(
        "After the loss of this host: every flushed write is kept; of the others the newest"
            + " seconds are gone (the volume says that it is DEGRADED where these are more than"
            + " 2m).",
        words("s3://b/d", OpenOutcome.COMPLETE, bucket(Tier.APPLIED, Tier.UPLOADED, "120s"))
            .get(2));
  }

  @Test
  void aBucketOnThisHostIsNoSecondPlace() {
    for (Tier flush : List.of(Tier.LOCAL_DURABLE, Tier.UPLOADED)) {
      List<String> words =
          words(
              "bucket+file:///srv/b/d",
              OpenOutcome.COMPLETE,
              bucket(Tier.APPLIED, flush, "30s,enforce"));
      assertEquals(
          "After the loss of this host: everything is gone: the bucket is a directory on this host,"
              + " in /srv/b/d.",
          words.get(2));
    }
  }

  @Test
  void ofDevicesThatAreNoVolumes() {
    assertEquals(
        List.of(
            "After a crash of this daemon (kill -9): everything is gone: it lives in memory.",
            "After a power cut: everything is gone: it lives in memory.",
            "After the loss of this host: everything is gone: it lives in memory."),
        words("malloc:///m?size=1MiB", OpenOutcome.COMPLETE, null));
    assertEquals(
        "After a power cut: nothing is kept at any time: it stores nothing.",
        words("null:///n?size=1MiB", OpenOutcome.COMPLETE, null).get(1));
    assertEquals(
        List.of(
            "After a crash of this daemon (kill -9): every completed write is kept.",
            "After a power cut: every flushed write is kept; completed ones that were not flushed"
                + " may be gone.",
            "After the loss of this host: everything is gone with the disk that holds"
                + " /srv/f.img."),
        words("file:///srv/f.img", OpenOutcome.COMPLETE, null));
  }

  @Test
  void aRollBackStandsFirstAndLoud() {
    List<String> words =
        words(
            "s3://b/d",
            new OpenOutcome.RolledBack(41, "the log of the last owner is not here"),
            bucket(Tier.APPLIED, Tier.LOCAL_DURABLE, "none"));
    assertEquals(
        "*** ROLLED BACK: this is an older state of the disk (up to 41).", words.getFirst());
    assertEquals("*** the log of the last owner is not here", words.get(1));
  }
}
