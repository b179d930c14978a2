package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.BucketImages;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.Tiers;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.FileSource;
import dev.isthmus.blocktranslation.image.SectorSize;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a volume of an image. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Make a new volume of a disk image, with nothing but the bucket: no daemon. Zeroes take no"
          + " space. `isthmus volume open BUCKET-URI` then gives it to a gateway.",
      "",
      "The volume is there once all of it is in the bucket and was checked, and not before: an"
          + " import that was broken off leaves no volume, and is begun anew."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume import db.img s3://my-bucket/disks/db?region=eu-central-1",
      "  isthmus volume import /dev/vg0/db bucket+file:///srv/bucket/db --flush uploaded",
      "  isthmus volume import s3://old/db s3://new/db             from bucket to bucket",
      "  isthmus volume verify db.img s3://my-bucket/disks/db?region=eu-central-1",
    })
final class ImportCommand extends ImageVerb {

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "A raw image, a block device, or another volume's bucket URI.")
  private String file = "";

  @Parameters(
      index = "1",
      paramLabel = "BUCKET-URI",
      description = "The volume to be made. There must be none.")
  private String volume = "";

  @Option(
      names = "--block-size",
      paramLabel = "BYTES",
      description =
          "512 or 4096. Default: what the image's partition table counts in; without one, 4096 if"
              + " the size is a multiple.")
  private int blockSizeBytes;

  @Option(
      names = "--pad",
      description = "Fill the last block up with zeroes if the image ends within it.")
  private boolean pad;

  @Option(
      names = "--ack",
      paramLabel = "applied|local",
      defaultValue = "applied",
      description = "As of `isthmus volume create`. Default: applied.")
  private String ack = "applied";

  @Option(
      names = "--flush",
      paramLabel = "local|uploaded",
      defaultValue = "local",
      description = "As of `isthmus volume create`. Default: local.")
  private String flush = "local";

  @Option(
      names = "--rpo",
      paramLabel = "none|DURATION[,enforce]",
      defaultValue = "none",
      description = "As of `isthmus volume create`. Default: none.")
  private String rpo = "none";

  @Mixin private final FencingOption fencing = new FencingOption();

  @Option(
      names = "--discard-leftovers",
      description =
          "First delete what a broken-off import left there, once you have typed the volume's name."
              + " A volume of which nothing but the manifest was lost looks the same, and is wiped for"
              + " good. Not while another import to the same place is under way.")
  private boolean discardLeftovers;

  @Option(names = "--yes", description = "With --discard-leftovers: do not ask.")
  private boolean yes;

  @Override
  int run(BucketImages images) {
    StorageUri uri = StorageUri.parse(volume);
    if (discardLeftovers) {
      discardLeftovers(images, uri);
    } else if (images.hasLeftovers(uri)) {
      warn(
          "objects lie at this place already: of a volume, what a deleted one left, of an import that"
              + " was broken off (--discard-leftovers deletes these), or of one that is under way");
    }
    var options = BucketImages.ReadOptions.newest(this::warn);
    DiskSource source = images.open(file, options);
    try {
      requireWhole(source, "imported");
      int blockBytes = blockSizeBytes == 0 ? SectorSize.of(source) : blockSizeBytes;
      if (blockBytes != 512 && blockBytes != 4096) {
        throw new DeviceException.Invalid("--block-size is 512 or 4096, not " + blockBytes);
      }
      source = padded(source, blockBytes);
      long written =
          images.importDisk(
              source,
              uri,
              new BucketImages.ImportOptions(
                  blockBytes,
                  new Tiers(Tiers.parseAck(ack), Tiers.parseFlush(flush), Rpo.parse(rpo)),
                  fencing.word().isEmpty() ? Fencing.CONDITIONAL : Fencing.parse(fencing.word())),
              progress("imported"));
      tell(source.sizeBytes(), blockBytes, written, images.requests().total());
      return ExitCode.OK;
    } finally {
      source.close();
    }
  }

  private void discardLeftovers(BucketImages images, StorageUri uri) {
    BucketImages.Leftovers left = images.leftovers(uri);
    if (left.objects() == 0) {
      return;
    }
    String what =
        "%d objects (%s) at %s"
            .formatted(left.objects(), VolumeText.approximate(left.bytes()), volume);
    if (!yes) {
      Confirmation.require(
          "Delete "
              + what
              + "? If a volume was there that lost nothing but its manifest, it is gone for good.",
          "--discard-leftovers deletes " + what,
          uri.path().substring(uri.path().lastIndexOf('/') + 1));
    }
    err().println("isthmus: deleting " + what);
    long deleted = images.discardLeftovers(uri);
    err().println("isthmus: " + deleted + " objects are deleted");
  }

  /** The same with a size in whole blocks, if that was asked for. */
  private DiskSource padded(DiskSource source, int blockBytes) {
    if (!(source instanceof FileSource opened) || opened.fileBytes() % blockBytes == 0) {
      return source;
    }
    if (!pad) {
      throw new DeviceException.Invalid(
          "%s has %d bytes, no whole number of blocks of %d: say --pad to fill the last one up with"
                  .formatted(file, opened.fileBytes(), blockBytes)
              + " zeroes"
              + (opened.fileBytes() % 512 == 0 ? ", or --block-size 512" : ""));
    }
    source.close();
    return FileSource.open(Path.of(opened.description()), blockBytes);
  }

  private void tell(
      long sizeBytes, int blockBytes, long writtenBytes, StoreStatistics.Counts asked) {
    if (json()) {
      VolumeJson.document(
          out(),
          json -> {
            json.writeStartObject();
            json.writeStringField("uri", volume);
            json.writeNumberField("size_bytes", sizeBytes);
            json.writeNumberField("block_size_bytes", blockBytes);
            json.writeNumberField("data_bytes", writtenBytes);
            json.writeNumberField("requests", asked.attempts());
            json.writeNumberField("sent_bytes", asked.sentBytes());
            json.writeEndObject();
          });
    } else {
      out()
          .printf(
              "volume %s is there: %s (%d bytes) in blocks of %d, %s of it not zero; %d requests, %s sent%n",
              volume,
              VolumeText.size(sizeBytes),
              sizeBytes,
              blockBytes,
              VolumeText.approximate(writtenBytes),
              asked.attempts(),
              VolumeText.approximate(asked.sentBytes()));
    }
  }
}
