package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.BucketDisk;
import dev.isthmus.blocktranslation.BucketImages;
import dev.isthmus.blocktranslation.CheckpointChoice;
import dev.isthmus.blocktranslation.image.BlockFiles;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.ExportState;
import dev.isthmus.blocktranslation.image.ExportStateFile;
import dev.isthmus.blocktranslation.image.FileSource;
import dev.isthmus.blocktranslation.image.ImageExport;
import dev.isthmus.blocktranslation.image.ImageFile;
import dev.isthmus.blocktranslation.image.ImageMark;
import dev.isthmus.blocktranslation.image.ImageStream;
import dev.isthmus.blocktranslation.image.ImageTarget;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a volume's disk to a file, with nothing but its bucket. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Write a volume's disk to a file or block device, with nothing but its bucket: no daemon, no"
          + " local log. The bucket is only read.",
      "",
      "What is written is the newest state that the bucket has, or with --at that of a checkpoint:"
          + " an exact prefix of all changes. If"
          + " the newest checkpoint is damaged the one before is used, then the segments alone."
          + " Every byte is checked. An export that was broken off goes on with the same command,"
          + " with the state that it began with."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume export s3://my-bucket/disks/db?region=eu-central-1 db.img",
      "  isthmus volume export bucket+file:///srv/bucket/db /dev/sdx --force",
      "  isthmus volume export ./downloaded/db db.img      objects that were copied to here",
      "  isthmus volume export s3://my-bucket/db - | zstd > db.img.zst",
      "",
      "Exit codes: 0 complete, 8 the image is written but INCOMPLETE (an older state, or damaged",
      "ranges are zeroes), 6 damage ended it, and those of `isthmus --help`.",
      "docs/emergency.md tells what to do when.",
    })
final class ExportCommand extends ImageVerb {

  @Parameters(
      index = "0",
      paramLabel = "BUCKET-URI",
      description = "The volume, or a directory that holds a copy of its objects.")
  private String volume = "";

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      description = "A file, a block device that is large enough, or - for standard output.")
  private String file = "";

  @Option(
      names = "--checkpoint",
      paramLabel = "WHICH",
      description =
          "From where to read the map: newest, previous, none (segments alone), or a checkpoint's"
              + " key. All lead to the newest state. Default: the first of these that is readable.")
  private @Nullable String checkpoint;

  @Option(
      names = "--at",
      paramLabel = "CHECKPOINT",
      description =
          "Export the disk exactly as it was at a checkpoint, without what was written later:"
              + " newest, previous, or a checkpoint's key. The two newest are kept; of an older one"
              + " that still lies there, parts may be gone, which is told. Not with --checkpoint.")
  private @Nullable String at;

  @Option(
      names = "--skip-damaged",
      description =
          "Write zeroes for what is damaged, list it, and go on; where a segment's table is damaged,"
              + " export the older state before it. Ends with exit code 8.")
  private boolean skipDamaged;

  @Option(names = "--sha256", description = "Tell the image's SHA-256, as sha256sum does.")
  private boolean sha256;

  @Option(
      names = "--force",
      description =
          "Overwrite a file that is there, or a block device. A device needs it each time, also to go"
              + " on.")
  private boolean force;

  @Option(
      names = "--restart",
      description = "Begin anew, with the newest state, instead of going on.")
  private boolean restart;

  @Option(
      names = "--state",
      paramLabel = "PATH",
      description =
          "Where to note how far it is. Default: FILE.isthmus-export; of a device, in the working"
              + " directory.")
  private @Nullable Path state;

  @Override
  int run(BucketImages images) {
    CheckpointChoice choice = choice();
    ExportStateFile stateFile = stateFile();
    ExportState found = stateFile == null ? null : leftBehind(stateFile);
    ExportState left = restart ? null : found;
    if (left != null && !left.at().equals(asked())) {
      throw new DeviceException.Invalid(
          "the export that was broken off is of %s, and this is to be of %s: say --restart to begin anew"
              .formatted(state(left.at()), state(asked())));
    }
    var options =
        new BucketImages.ReadOptions(
            choice, at != null, left == null ? null : left.pinned(), skipDamaged, this::warn);
    try (BucketDisk disk = images.openVolume(volume, options)) {
      ExportState from =
          left == null
              // What an earlier try began may be overwritten, and nothing else of that name.
              ? ExportState.begin(
                  asked(), disk.pinned(), found == null ? ImageMark.NONE : found.image())
              : left;
      announce(disk, from);
      ImageExport.Result result = write(disk, stateFile, from);
      var summary = new ExportSummary(disk, at != null, result, warnings());
      summary.print(json(), file.equals("-") ? err() : out());
      return summary.isComplete() ? ExitCode.OK : ExitCode.INCOMPLETE;
    } catch (DeviceException e) {
      if (stateFile != null
          && stateFile.path().toFile().exists()
          && !(e instanceof DeviceException.Invalid)) {
        err()
            .println(
                "isthmus: the export is broken off; the same command goes on from there, --restart"
                    + " begins anew");
      }
      throw e;
    }
  }

  private CheckpointChoice choice() {
    if (at == null) {
      return checkpoint == null ? CheckpointChoice.AUTOMATIC : CheckpointChoice.parse(checkpoint);
    }
    if (checkpoint != null) {
      throw new DeviceException.Invalid(
          "--at says whose state is exported, --checkpoint by what way the newest state is read: say"
              + " one of them");
    }
    return CheckpointChoice.parse(at);
  }

  /** As the state of an export says it. */
  private String asked() {
    return at == null ? "" : at;
  }

  private static String state(String at) {
    return at.isEmpty() ? "the newest state" : "the state --at " + at;
  }

  private @Nullable ExportState leftBehind(ExportStateFile stateFile) {
    try {
      return stateFile.read();
    } catch (DeviceException.Invalid e) {
      if (!restart) {
        throw e;
      }
      return null;
    }
  }

  private @Nullable ExportStateFile stateFile() {
    if (file.equals("-")) {
      return null;
    }
    if (state != null) {
      return new ExportStateFile(state);
    }
    Path target = Path.of(file).toAbsolutePath();
    String name = target.getFileName() + ".isthmus-export";
    return new ExportStateFile(
        BlockFiles.isBlockDevice(target)
            ? Path.of(name).toAbsolutePath()
            : target.resolveSibling(name));
  }

  private void announce(BucketDisk disk, ExportState from) {
    if (at != null) {
      err().println("isthmus: exporting the disk " + ExportSummary.asItWas(disk.pinned()));
    } else if (disk.isOpenElsewhere()) {
      warn(
          "the volume is open, or its last owner did not close it. This is what the bucket has, up"
              + " to LSN "
              + disk.pinned().lastLsn()
              + ": writes that are only in that owner's log are not in it");
    }
    if (from.doneBytes() > 0) {
      err()
          .println(
              "isthmus: going on at byte "
                  + from.doneBytes()
                  + " with the state of LSN "
                  + from.pinned().lastLsn()
                  + ", which was chosen when the export began (--restart chooses anew)");
    }
  }

  private ImageExport.Result write(
      BucketDisk disk, @Nullable ExportStateFile stateFile, ExportState from) {
    var options = new ImageExport.Options(skipDamaged, sha256, progress("exported"));
    if (stateFile == null) {
      // Not System.out, which would take bytes for text and hide failures.
      var stream = new FileOutputStream(FileDescriptor.out);
      return ImageExport.run(disk, new ImageStream(stream), null, from, null, options);
    }
    Path target = Path.of(file);
    try (ImageTarget image = ImageFile.open(target, disk.sizeBytes(), from.image(), force);
        DiskSource written = FileSource.open(target)) {
      return ImageExport.run(disk, image, stateFile, from, written, options);
    }
  }
}
