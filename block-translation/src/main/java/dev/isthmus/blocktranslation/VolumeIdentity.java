package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blocktranslation.format.Manifest;
import java.util.UUID;

/**
 * What stays the same while one owner has a volume open. Immutable.
 *
 * @param where the volume, for messages: its URI without options
 * @param keyPrefix of its objects, ending in a slash
 * @param device UUID and incarnation
 * @param writer this owner
 * @param epoch of this owner
 * @param slotWindow most segments in flight above the first uncommitted one
 */
record VolumeIdentity(
    String where,
    String keyPrefix,
    DeviceIdentity device,
    UUID writer,
    long epoch,
    int slotWindow,
    long sizeBytes,
    int blockSizeBytes) {

  /** As the manifest says it, of the owner that it names. */
  static VolumeIdentity of(String where, String keyPrefix, Manifest manifest) {
    return new VolumeIdentity(
        where,
        keyPrefix,
        new DeviceIdentity(manifest.volume(), manifest.incarnation()),
        manifest.writer(),
        manifest.epoch(),
        manifest.slotWindow(),
        manifest.sizeBytes(),
        manifest.blockSizeBytes());
  }

  UUID volume() {
    return device.uuid();
  }

  long sizeSectors() {
    return sizeBytes / 512;
  }
}
