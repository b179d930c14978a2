package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.BucketImages;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.ImageComparison;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compares two disks. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compare two disks byte by byte: buckets' URIs, directories with copied objects, files, block"
          + " devices. Both are only read, without a daemon; of a volume that is open it is what the"
          + " bucket has."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume verify db.img s3://my-bucket/disks/db?region=eu-central-1",
      "  isthmus volume verify /dev/vg0/db bucket+file:///srv/bucket/db --rate 50MiB/s",
      "",
      "Exit codes: 0 the same, 1 they differ, 2 they could not be compared.",
    })
final class VerifyCommand extends ImageVerb {

  private static final int SAME = 0;
  private static final int DIFFERENT = 1;
  private static final int ERROR = 2;

  @Parameters(index = "0", paramLabel = "A", description = "One of them.")
  private String one = "";

  @Parameters(index = "1", paramLabel = "B", description = "The other.")
  private String other = "";

  @Option(
      names = "--ranges",
      paramLabel = "N",
      defaultValue = "10",
      description = "Differing ranges to list; all are counted. Default: 10.")
  private int ranges = 10;

  @Option(
      names = "--rate",
      paramLabel = "SIZE[/s]",
      defaultValue = "0",
      description =
          "Most bytes of each to read in a second, as in 50MiB or 50MiB/s; 0 for no limit, the"
              + " default.")
  private String rate = "0";

  @Override
  public Integer call() {
    try {
      return super.call();
    } catch (DeviceException e) {
      err().println("isthmus: " + e.getMessage());
      return ERROR;
    } catch (RuntimeException e) {
      // Exit code 1 has another meaning here.
      err().println("isthmus: a defect of this program:");
      e.printStackTrace(err());
      return ERROR;
    }
  }

  @Override
  int run(BucketImages images) {
    if (ranges < 0 || ranges > 1_000_000) {
      throw new DeviceException.Invalid("--ranges is 0 to 1000000");
    }
    long bytesPerSecond = ByteRate.parse(rate);
    var options = BucketImages.ReadOptions.newest(this::warn);
    try (DiskSource left = images.open(one, options);
        DiskSource right = images.open(other, options)) {
      requireWhole(left, "compared");
      requireWhole(right, "compared");
      ImageComparison.Result result =
          ImageComparison.run(
              left,
              right,
              new ImageComparison.Options(ranges, bytesPerSecond, progress("compared")));
      tell(left.sizeBytes(), right.sizeBytes(), result);
      return isSame(left.sizeBytes(), right.sizeBytes(), result) ? SAME : DIFFERENT;
    }
  }

  private static boolean isSame(long left, long right, ImageComparison.Result result) {
    return left == right && result.differentRanges() == 0;
  }

  private void tell(long left, long right, ImageComparison.Result result) {
    if (json()) {
      VolumeJson.document(
          out(),
          json -> {
            json.writeStartObject();
            json.writeBooleanField("same", isSame(left, right, result));
            json.writeNumberField("size_bytes_a", left);
            json.writeNumberField("size_bytes_b", right);
            json.writeNumberField("compared_bytes", result.comparedBytes());
            json.writeNumberField("different_ranges", result.differentRanges());
            json.writeNumberField("different_sectors", result.differentSectors());
            json.writeArrayFieldStart("differences");
            for (ImageComparison.Difference difference : result.differences()) {
              json.writeStartObject();
              json.writeNumberField("lba", difference.sector());
              json.writeNumberField("sectors", difference.sectorCount());
              json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
          });
      return;
    }
    if (left != right) {
      out().printf(Locale.ROOT, "sizes differ: %d and %d bytes%n", left, right);
    }
    if (result.differentRanges() == 0) {
      out()
          .println(
              (left == right ? "the same" : "the same as far as both reach")
                  + ": "
                  + VolumeText.size(result.comparedBytes())
                  + " compared");
      return;
    }
    out()
        .printf(
            Locale.ROOT,
            "DIFFERENT: %d ranges, %d sectors of 512 bytes%n",
            result.differentRanges(),
            result.differentSectors());
    for (ImageComparison.Difference difference : result.differences()) {
      out()
          .printf(
              Locale.ROOT,
              "  LBA %d, %d sectors (byte %d, %d bytes)%n",
              difference.sector(),
              difference.sectorCount(),
              difference.sector() * 512,
              difference.sectorCount() * 512);
    }
  }
}
