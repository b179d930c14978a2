package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.Tiers;
import dev.isthmus.blocktranslation.VolumeStatistics;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.store.s3.InsecureTls;
import dev.isthmus.gateway.daemon.CatalogueEntry.Publication;
import dev.isthmus.gateway.daemon.DurabilityWords;
import dev.isthmus.gateway.daemon.Exports;
import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.gateway.rpc.v1.BucketDetails;
import dev.isthmus.gateway.rpc.v1.Export;
import dev.isthmus.gateway.rpc.v1.Survival;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** What the daemon knows, as messages. */
final class Messages {

  private Messages() {}

  static Volume volume(VolumeView view, Exports exports) {
    Volume.Builder message =
        Volume.newBuilder()
            .setName(view.name())
            .setUri(view.uri())
            .setState(view.stateName())
            .setReason(view.reason())
            .addAllWarnings(InsecureTls.warnings(StorageUri.parse(view.uri())));
    VolumeView.Open open = view.open();
    if (open != null) {
      addOpen(message, open);
      var words = DurabilityWords.survival(view);
      if (words != null) {
        message.setSurvives(survival(words));
      }
      Publication publication = view.publication();
      if (publication != null) {
        message.setExport(export(publication, open.info(), exports));
      }
    }
    return message.build();
  }

  private static void addOpen(Volume.Builder message, VolumeView.Open open) {
    DeviceInfo info = open.info();
    message
        .setUuid(info.identity().uuid().toString())
        .setIncarnation(info.identity().incarnation())
        .setSizeBytes(info.sizeBytes())
        .setBlockSizeBytes(info.blockSizeBytes())
        .setReadOnly(info.readOnly())
        .setVolatileWriteCache(info.volatileWriteCache())
        .setAppliedLsn(open.positions().appliedLsn())
        .setLocalLsn(open.positions().localDurableLsn())
        .setUploadedLsn(open.positions().uploadedLsn());
    if (open.outcome() instanceof OpenOutcome.RolledBack back) {
      message
          .setRolledBack(true)
          .setRolledBackToLsn(back.toLsn())
          .setRolledBackReason(back.reason());
    }
    VolumeView.Bucket bucket = open.bucket();
    if (bucket != null) {
      VolumeStatistics statistics = bucket.statistics();
      message.setBucket(
          bucket(bucket.summary())
              .setLogBytes(statistics.logBytes())
              .setLogCapacityBytes(statistics.logCapacityBytes())
              .setUploadLagBytes(statistics.uploadLagBytes())
              .setUploadLagNanos(statistics.uploadLagNanos())
              .setRpoExceeded(statistics.rpoExceeded())
              .setRpoExceededNanos(statistics.rpoExceededNanos())
              .setRpoExceededSinceUnixNanos(since(statistics.rpoExceededForNanos()))
              .setKeepsTo(
                  bucket.keepsTo().equals(bucket.summary().tiers())
                      ? ""
                      : bucket.keepsTo().toString()));
      ScrubProgress scrub = bucket.scrub();
      if (scrub != null) {
        message.setScrub(ScrubMessages.scrub(scrub, List.of()));
      }
    }
  }

  private static long since(long forNanos) {
    return forNanos == 0
        ? 0
        : Duration.between(Instant.EPOCH, Instant.now().minusNanos(forNanos)).toNanos();
  }

  private static Survival survival(dev.isthmus.gateway.daemon.Survival words) {
    return Survival.newBuilder()
        .setProcessCrash(words.processCrash())
        .setPowerCut(words.powerCut())
        .setHostLoss(words.hostLoss())
        .setBucketLoss(words.bucketLoss())
        .build();
  }

  private static Export export(Publication publication, DeviceInfo info, Exports exports) {
    Exports.ExportAddress address = exports.address();
    return Export.newBuilder()
        .setNqn(publication.nqn())
        .setSerial(exports.serial(info))
        .setNsid(1)
        .setAddress(address.address())
        .setPort(address.port())
        .addAllAllowedHostNqns(publication.hostNqns())
        .setAssociations(exports.associations(publication.nqn()))
        .build();
  }

  /** A volume as its bucket tells it. */
  static Volume volume(VolumeSummary summary) {
    return Volume.newBuilder()
        .setName(summary.name())
        .setUri(summary.uri())
        .setState("IN_BUCKET")
        .setReason(summary.cleanlyClosed() ? "" : "in use, or its last owner did not close it")
        .setUuid(summary.identity().uuid().toString())
        .setIncarnation(summary.identity().incarnation())
        .setSizeBytes(summary.sizeBytes())
        .setBlockSizeBytes(summary.blockSizeBytes())
        .setUploadedLsn(summary.checkpointLsn())
        .setBucket(bucket(summary))
        .build();
  }

  private static BucketDetails.Builder bucket(VolumeSummary summary) {
    return BucketDetails.newBuilder()
        .setAck(Tiers.word(summary.tiers().ack()))
        .setFlush(Tiers.word(summary.tiers().flush()))
        .setRpo(summary.tiers().rpo().toString())
        .setFencing(summary.fencing().word())
        .setEpoch(summary.epoch())
        .setStoredBytes(summary.storedBytes())
        .setCreatedUnixNanos(Duration.between(Instant.EPOCH, summary.created()).toNanos());
  }
}
