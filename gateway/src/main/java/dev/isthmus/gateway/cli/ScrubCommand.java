package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.gateway.daemon.VolumeNames;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.ScrubMessages;
import dev.isthmus.gateway.rpc.v1.ControlScrubRequest;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.StartScrubRequest;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import java.io.Console;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Reads all of a volume in its bucket and compares it. */
@Command(
    name = "scrub",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Read all of a volume in its bucket and compare it: every frame, table and digest, and the"
          + " map with the segments. I/O goes on meanwhile.",
      "",
      "Of an open volume it runs in the gateway, in the background unless --wait is given. With a"
          + " URI it runs here, needs no gateway, and only reads: what the owner's log alone has is"
          + " not looked at.",
      "",
      "What is found is LOST (reads fail), ENDANGERED (a good copy is in log or memory still),"
          + " WEAKENED (all can be read, but a spare is gone), HARMLESS (nobody reads it), SURPLUS"
          + " (nothing names it) or FOREIGN (not of this volume). Ends with exit code 6 if there is damage."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume scrub db                           in the background",
      "  isthmus volume scrub db --rate 200MiB/s --wait    with progress, until its end",
      "  isthmus volume scrub db --status                  how far it is, and what it found",
      "  isthmus volume scrub db --repair --wait           write anew what log or memory has",
      "  isthmus volume scrub s3://my-bucket/disks/db?region=eu-central-1 -o json",
    })
final class ScrubCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME|URI", description = "An open volume's name, or where one lies.")
  private String nameOrUri = "";

  @Option(
      names = "--rate",
      paramLabel = "SIZE[/s]",
      defaultValue = "50MiB/s",
      description =
          "Most bytes to read in a second, as in 50MiB or 50MiB/s; 0 for no limit. Default: 50MiB/s.")
  private String rate = "";

  @Option(names = "--wait", description = "Show progress and wait for the end.")
  private boolean wait;

  @Option(
      names = "--list",
      description = "Also tell objects that nothing names. They are not deleted.")
  private boolean list;

  @Option(
      names = "--repair",
      description =
          "Write blocks anew whose frame is damaged, where log or memory has the data still.")
  private boolean repair;

  @ArgGroup private @Nullable Control control;

  /** What to do with a scrub that runs. */
  private static final class Control {
    @Option(names = "--status", required = true, description = "Tell of the last scrub.")
    private boolean status;

    @Option(names = "--pause", required = true, description = "Stop reading for now.")
    private boolean pause;

    @Option(names = "--resume", required = true, description = "Go on.")
    private boolean resume;

    @Option(names = "--cancel", required = true, description = "End it.")
    private boolean cancel;

    ControlScrubRequest.Action action() {
      if (pause) {
        return ControlScrubRequest.Action.PAUSE;
      }
      if (cancel) {
        return ControlScrubRequest.Action.CANCEL;
      }
      return resume
          ? ControlScrubRequest.Action.RESUME
          : ControlScrubRequest.Action.ACTION_UNSPECIFIED;
    }
  }

  @Override
  void run(ControlClient client) {
    if (VolumeNames.isUri(nameOrUri)) {
      if (control != null) {
        throw new DeviceException.Invalid(
            "a scrub of a URI runs where it was started: end it there");
      }
      finished(offline());
    } else if (control != null) {
      finished(control(client, control));
    } else {
      Scrub started =
          client.scrubs(scrubs ->
              scrubs.startScrub(
                  StartScrubRequest.newBuilder()
                      .setName(nameOrUri)
                      .setBytesPerSecond(ByteRate.parse(rate))
                      .setList(list)
                      .setRepair(repair)
                      .build()));
      if (wait) {
        finished(watch(client));
      } else if (json()) {
        VolumeJson.print(started, out());
      } else {
        out()
            .println(
                "scrub of %s started: `isthmus volume scrub %s --status`"
                    .formatted(nameOrUri, nameOrUri));
      }
    }
  }

  private Scrub control(ControlClient client, Control asked) {
    var volume = VolumeName.newBuilder().setName(nameOrUri).build();
    if (asked.status) {
      return client.scrubs(scrubs -> scrubs.getScrub(volume));
    }
    return client.scrubs(scrubs ->
        scrubs.controlScrub(
            ControlScrubRequest.newBuilder().setName(nameOrUri).setAction(asked.action()).build()));
  }

  private Scrub watch(ControlClient client) {
    var volume = VolumeName.newBuilder().setName(nameOrUri).build();
    var all = Scrub.newBuilder();
    Scrub last =
        client.scrubs(scrubs -> {
          Scrub newest = Scrub.getDefaultInstance();
          Iterator<Scrub> progress = scrubs.watchScrub(volume);
          while (progress.hasNext()) {
            newest = progress.next();
            all.addAllFindings(newest.getFindingsList());
            live(newest);
          }
          return newest;
        });
    return last.toBuilder().clearFindings().addAllFindings(all.getFindingsList()).build();
  }

  private Scrub offline() {
    // No volume is opened: of the settings only the time-out is used.
    try (var buckets = new ObjectVolumeProvider(ObjectVolumeSettings.defaults(Path.of("")))) {
      VolumeScrub scrub =
          buckets
              .scrub(
                  StorageUri.parse(nameOrUri),
                  new ScrubSettings(ByteRate.parse(rate), list, repair))
              .start("volume");
      while (!scrub.awaitEnd(TimeUnit.SECONDS.toNanos(1))) {
        live(ScrubMessages.scrub(scrub.progress(), java.util.List.of()));
      }
      DeviceException failure = scrub.failure();
      if (failure != null) {
        scrub
            .findings()
            .forEach(f -> err().println(f.severity() + " " + f.object() + ": " + f.what()));
        throw failure;
      }
      return ScrubMessages.scrub(scrub.progress(), scrub.findings());
    }
  }

  private void live(Scrub scrub) {
    if (!json() && terminal()) {
      err().print("\r" + ScrubText.summary(scrub) + "\033[K");
      err().flush();
      if (!scrub.getState().equals("RUNNING")) {
        err().println();
      }
    }
  }

  /** Shows it; damage and failure are the command's end. */
  private void finished(Scrub scrub) {
    if (json()) {
      VolumeJson.print(scrub, out());
    } else {
      ScrubText.print(scrub, out());
    }
    boolean damaged =
        scrub.getCountsList().stream()
            .anyMatch(count ->
                switch (count.getSeverity()) {
                  case "LOST", "ENDANGERED", "WEAKENED" -> true;
                  default -> false;
                });
    if (damaged) {
      throw new DeviceException.Corrupt("the scrub of " + nameOrUri + " found damage");
    }
    if (scrub.getState().equals("FAILED")) {
      throw new DeviceException.Unavailable("the scrub could not go on: " + scrub.getNote());
    }
  }

  @SuppressWarnings("SystemConsoleNull") // as in DeleteCommand
  private static boolean terminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }
}
