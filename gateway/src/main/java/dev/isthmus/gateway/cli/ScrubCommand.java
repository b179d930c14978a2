package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.gateway.daemon.VolumeNames;
import dev.isthmus.gateway.logging.LogSetup;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.ScrubMessages;
import dev.isthmus.gateway.rpc.v1.ControlScrubRequest;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.StartScrubRequest;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Reads all of a volume in its bucket and compares it. */
@Command(
    name = "scrub",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Read all of a volume in its bucket and compare it: every frame, table and digest, and the"
          + " map with the segments. I/O goes on meanwhile.",
      "",
      "Of an open volume it runs in the gateway, in the background unless --wait is given; a gateway"
          + " runs one at a time, and the others are QUEUED. With a URI it runs here to its end, needs"
          + " no gateway, and only reads: what the owner's log alone has is not looked at.",
      "",
      "What is found is LOST (reads fail), ENDANGERED (a good copy is in log or memory still),"
          + " WEAKENED (all can be read, but a spare is gone), HARMLESS (nobody reads it), SURPLUS"
          + " (nothing names it) or FOREIGN (not of this volume)."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume scrub db                           in the background",
      "  isthmus volume scrub db --rate 200MiB/s --wait    with progress, until its end",
      "  isthmus volume scrub db --status                  how far it is, and what it found",
      "  isthmus volume scrub db --repair --wait           write anew what log or memory has",
      "  isthmus volume scrub s3://my-bucket/disks/db?region=eu-central-1 -o json",
      "",
      "Exit codes with --wait, with --status and of a URI: 0 no damage (or, of --status, none so far),",
      "6 damage is found (LOST, ENDANGERED or WEAKENED), or the scrub could not go on for damage,",
      "9 it was cancelled, 3 it could not go on since the bucket stayed out of reach, 1 a defect ended",
      "it, 4 a limit. Without --wait, and of --pause, --resume and --cancel: 0 it was asked to.",
      "2 and 3 as of any verb: the request is wrong; no gateway.",
    })
final class ScrubCommand implements Callable<Integer> {

  /** Between two looks at a scrub that runs here. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final Set<String> END_STATES = Set.of("DONE", "CANCELLED", "FAILED");

  @Mixin private final ClientOptions options = new ClientOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  @Parameters(paramLabel = "NAME|URI", description = "An open volume's name, or where one lies.")
  private String nameOrUri = "";

  @Option(
      names = "--rate",
      paramLabel = "SIZE[/s]",
      defaultValue = "50MiB/s",
      description =
          "Most bytes to read in a second, as in 50MiB or 50MiB/s; 0 for no limit. Default: 50MiB/s.")
  private String rate = "";

  @Option(
      names = "--wait",
      description =
          "Show progress and wait for the end, as with a URI it always does. With --status or"
              + " --resume: of the one that was started before.")
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

    @Option(
        names = "--pause",
        required = true,
        description = "Stop reading for now; those that are QUEUED behind it wait, too.")
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
  public Integer call() {
    // What goes wrong comes back as the answer; libraries have nothing to add for people.
    LogSetup.apply("error", false);
    if (VolumeNames.isUri(nameOrUri)) {
      refuseWhatAGatewayDoes();
      return finished(offline());
    }
    try (ControlClient client = options.connect()) {
      if (control != null) {
        Scrub scrub = control(client, control);
        if (wait) {
          return finished(watch(client));
        }
        show(scrub);
        return control.status ? exitCode(scrub) : ExitCode.OK;
      }
      Scrub started = start(client);
      if (wait) {
        return finished(watch(client));
      }
      if (json()) {
        VolumeJson.print(started, out());
      } else {
        out()
            .println(
                "scrub of %s %s: `isthmus volume scrub %s --status`"
                    .formatted(
                        nameOrUri,
                        started.getState().equals("QUEUED")
                            ? "waits for its turn (" + started.getNote() + ")"
                            : "started",
                        nameOrUri));
      }
      return ExitCode.OK;
    }
  }

  private void refuseWhatAGatewayDoes() {
    if (control != null) {
      throw new DeviceException.Invalid("a scrub of a URI runs where it was started: end it there");
    }
    if (options.namesADaemon()) {
      throw new DeviceException.Invalid(
          "a scrub of a URI runs here and asks no gateway: leave out --socket and --data-dir, or say"
              + " the name under which the gateway has the volume");
    }
  }

  private Scrub start(ControlClient client) {
    return client.scrubs(scrubs ->
        scrubs.startScrub(
            StartScrubRequest.newBuilder()
                .setName(nameOrUri)
                .setBytesPerSecond(ByteRate.parse(rate))
                .setList(list)
                .setRepair(repair)
                .build()));
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
    var progress = new ScrubWatch(err());
    Scrub last =
        client.scrubs(scrubs -> {
          Scrub newest = Scrub.getDefaultInstance();
          Iterator<Scrub> told = scrubs.watchScrub(volume);
          while (told.hasNext()) {
            newest = told.next();
            all.addAllFindings(newest.getFindingsList());
            show(progress, newest);
          }
          progress.end();
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
      var progress = new ScrubWatch(err());
      while (!scrub.awaitEnd(LOOK_NANOS)) {
        show(progress, ScrubMessages.scrub(scrub.progress(), List.of()));
      }
      progress.end();
      return ScrubMessages.scrub(scrub.progress(), scrub.findings());
    }
  }

  private void show(ScrubWatch progress, Scrub scrub) {
    if (!json() && !END_STATES.contains(scrub.getState())) {
      progress.at(scrub);
    }
  }

  private int finished(Scrub scrub) {
    show(scrub);
    return exitCode(scrub);
  }

  private void show(Scrub scrub) {
    if (json()) {
      VolumeJson.print(scrub, out());
    } else {
      ScrubText.print(scrub, out());
    }
  }

  /** Says what is not well, damage first. */
  private int exitCode(Scrub scrub) {
    DeviceException failure = ScrubMessages.failure(scrub);
    if (isDamaged(scrub)) {
      return said("the scrub of " + nameOrUri + " found damage", ExitCode.CORRUPT);
    }
    if (failure != null) {
      return said("the scrub could not go on: " + failure.getMessage(), ExitCode.of(failure));
    }
    if (scrub.getState().equals("CANCELLED")) {
      return said(
          "the scrub of " + nameOrUri + " was cancelled before it had read everything",
          ExitCode.CANCELLED);
    }
    return ExitCode.OK;
  }

  private int said(String why, int exitCode) {
    err().println("isthmus: " + why);
    return exitCode;
  }

  private static boolean isDamaged(Scrub scrub) {
    return scrub.getCountsList().stream()
        .anyMatch(count ->
            switch (count.getSeverity()) {
              case "LOST", "ENDANGERED", "WEAKENED" -> true;
              default -> false;
            });
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  private boolean json() {
    return options.json();
  }
}
