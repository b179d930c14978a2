package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.wal.LogEpoch;
import java.util.List;
import java.util.UUID;

/**
 * What a bucket tells of a volume's owners and of how far it took their logs: for people who look
 * at logs. Owns nothing, changes nothing; reads the newest checkpoint and the chain behind it once.
 * Threading: confined to one thread; {@link #takenFrom} may block.
 */
public final class VolumeHistory {

  private final Manifest manifest;
  private final BucketView bucket;

  private VolumeHistory(Manifest manifest, BucketView bucket) {
    this.manifest = manifest;
    this.bucket = bucket;
  }

  static VolumeHistory read(ObjectStore store, VolumePlace place, Manifest manifest) {
    BucketView bucket =
        BucketView.read(
            store,
            Waiter.BLOCKING,
            place.keyPrefix(),
            place.where(),
            manifest,
            RequestPurpose.ADMIN);
    bucket.readOn(manifest.epoch());
    return new VolumeHistory(manifest, bucket);
  }

  /** The volume. */
  public UUID volume() {
    return manifest.volume();
  }

  /** Its name. */
  public String name() {
    return manifest.name();
  }

  /** The log of its newest owner; the nil UUID before the first. */
  public UUID log() {
    return manifest.log();
  }

  /** Whether everything is in the bucket, so that no log counts. */
  public boolean isClosed() {
    return manifest.state() == Manifest.State.CLOSED;
  }

  /** The disk's size. */
  public long sizeBytes() {
    return manifest.sizeBytes();
  }

  /** Newest LSN in the bucket, by whomever. */
  public long lastLsn() {
    return bucket.position().lastLsn();
  }

  /**
   * The newest LSN up to which the bucket holds what a log with these terms holds. Above it the
   * log's changes are not part of the volume, or not yet; the bucket may have others of the same
   * LSNs by a later owner.
   *
   * <p>It is the end of the newest segment by one of the log's owners. Another host may have begun
   * an epoch of the same number, so the writer is compared too.
   *
   * @param terms of the log, oldest first
   * @return 0 if the bucket holds no segment by any of them
   */
  public long takenFrom(List<LogEpoch> terms) {
    for (LogEpoch term : terms.reversed()) {
      for (ChainReader.Link link : bucket.segments().reversed()) {
        if (isBy(link, term)) {
          return link.header().lastLsn();
        }
      }
      for (SegmentUsage segment : bucket.map().segments().reversed()) {
        if (segment.epoch() == term.epoch()) {
          ChainReader.Link link = bucket.at(segment.sequence());
          if (link != null && isBy(link, term)) {
            return link.header().lastLsn();
          }
          break; // one epoch has one writer in the chain
        }
      }
    }
    return 0;
  }

  private static boolean isBy(ChainReader.Link link, LogEpoch term) {
    return link.header().epoch() == term.epoch() && link.header().writer().equals(term.writer());
  }
}
