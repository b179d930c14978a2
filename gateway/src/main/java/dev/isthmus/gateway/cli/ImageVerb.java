package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.BucketDisk;
import dev.isthmus.blocktranslation.BucketImages;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.Progress;
import dev.isthmus.gateway.logging.LogSetup;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A verb that works on a bucket by itself, with no daemon. */
abstract class ImageVerb implements Callable<Integer> {

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table for people, json for scripts. Default: table.")
  private ClientOptions.Output output = ClientOptions.Output.table;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress. There is none either where nobody looks at a terminal.")
  private boolean quiet;

  @Option(
      names = "--temp-dir",
      paramLabel = "DIR",
      description =
          "For what of a large volume's map does not fit into memory: about 1 byte for each 128"
              + " bytes of a disk that was written in pieces of 4 KiB. Default: the system's.")
  private @Nullable Path temporary;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  private final List<String> warnings = new ArrayList<>();

  /** Does it; gives the exit code. */
  abstract int run(BucketImages images);

  @Override
  public Integer call() {
    LogSetup.apply("error", false);
    Path directory = temporary != null ? temporary : Path.of(System.getProperty("java.io.tmpdir"));
    try (var images = new BucketImages(directory)) {
      return run(images);
    }
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  final boolean json() {
    return output == ClientOptions.Output.json;
  }

  /** Says at once what is not as it should be; it stands in the answer, too. */
  final void warn(String what) {
    warnings.add(what);
    err().println("isthmus: WARNING: " + what);
  }

  /**
   * Refuses a disk of which the bucket has less than it should, and says if its owner may have
   * more.
   */
  final void requireWhole(DiskSource source, String done) {
    if (source instanceof BucketDisk disk) {
      if (!disk.pinned().shortfall().isEmpty()) {
        throw new DeviceException.Corrupt(
            disk.description() + " is incomplete: " + disk.pinned().shortfall());
      }
      if (disk.isOpenElsewhere()) {
        warn(
            "%s is open, or was not closed: %s is what the bucket has, up to LSN %d; writes that are only in its owner's log are not in it"
                .formatted(disk.description(), done, disk.pinned().lastLsn()));
      }
    }
  }

  final List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** Where progress is shown, for a terminal. */
  final Progress progress(String verb) {
    return quiet || !ProgressLine.isTerminal() ? Progress.NONE : new ProgressLine(verb, err());
  }
}
