package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.check.BucketCheck;
import dev.isthmus.blocktranslation.check.CheckReport;
import dev.isthmus.blocktranslation.check.Finding;
import dev.isthmus.blocktranslation.check.LeastPolicy;
import dev.isthmus.blocktranslation.check.Verdict;
import dev.isthmus.gateway.logging.LogSetup;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks whether volumes can live in a bucket. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Check whether volumes can live at a place in a bucket: credentials and permissions, one by one;"
          + " whether the provider keeps to conditional writes, alone and in races of eight; ranged"
          + " reads, lists, checksums; clock; latency and throughput; and whether versioning, object"
          + " lock or lifecycle rules of the bucket would keep, move or destroy data. What is not as it"
          + " should be is followed by what mends it.",
      "",
      "It runs here and needs no gateway: run it with the environment of the gateway, so that it finds"
          + " the same credentials. It writes below ROOT/.isthmus-check/ alone, and deletes that again;"
          + " it touches no volume. It takes about 350 requests and 48 MiB, with --quick 150 and no more"
          + " than some KiB."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus bucket check s3://my-bucket/disks?region=eu-central-1",
      "  isthmus bucket check 's3://disks?endpoint=https://minio.example:9000' --quick",
      "  isthmus bucket check s3://my-bucket/disks --policy > policy.json",
      "  isthmus bucket check s3://my-bucket/disks -o json | jq -r '.findings[] | select(.verdict == \"FAIL\")'",
      "",
      "Exit codes: 0 nothing FAILs (there may be WARNs), 1 something does, 2 it could not be checked: the",
      "URI is wrong, or nothing answers. docs/providers-check.md goes through what it says.",
    })
final class BucketCheckCommand implements Callable<Integer> {

  private static final int FAILS = 1;
  private static final int NOT_CHECKED = 2;

  @Parameters(
      paramLabel = "BUCKET-URI",
      description = {
        "Where volumes lie or shall lie, as of `isthmus volume list`: s3://BUCKET/PREFIX,"
            + " bucket+file:///DIR; with --volume that of one volume."
      })
  private String uri = "";

  @Option(
      names = "--volume",
      description = "The URI is a volume's: check beside it, or print a policy for it alone.")
  private boolean isVolume;

  @Option(
      names = "--quick",
      description = "Shorter races, and no measurement of latency and throughput.")
  private boolean quick;

  @Option(
      names = "--policy",
      description =
          "Ask nothing; print the least IAM policy that a gateway needs for this place, as JSON.")
  private boolean policy;

  @Option(
      names = "--optional",
      description =
          "With --policy: also allow to look at the bucket's settings, which only this check does.")
  private boolean optional;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "table",
      description = "table for people, json for scripts. Default: table.")
  private ClientOptions.Output output = ClientOptions.Output.table;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  @Override
  public Integer call() {
    LogSetup.apply("error", false);
    try {
      StorageUri parsed = StorageUri.parse(uri);
      if (policy) {
        spec.commandLine()
            .getOut()
            .println(LeastPolicy.json(BucketCheck.place(parsed, isVolume), optional));
        return ExitCode.OK;
      }
      if (optional) {
        throw new DeviceException.Invalid("--optional is said with --policy");
      }
      return check(parsed);
    } catch (DeviceException e) {
      spec.commandLine().getErr().println("isthmus: " + e.getMessage());
      return NOT_CHECKED;
    } catch (CancellationException e) {
      spec.commandLine().getErr().println("isthmus: ended; what it had written is deleted");
      return NOT_CHECKED;
    } catch (RuntimeException e) {
      // Exit code 1 has another meaning here.
      spec.commandLine().getErr().println("isthmus: a defect of this program:");
      e.printStackTrace(spec.commandLine().getErr());
      return NOT_CHECKED;
    }
  }

  private int check(StorageUri parsed) {
    var text = new CheckText(spec.commandLine().getOut());
    boolean json = output == ClientOptions.Output.json;
    try (var check = new BucketCheck(parsed, isVolume, quick)) {
      var atInterrupt = new Thread(() -> check.cleanUp(), "check-clean-up");
      Runtime.getRuntime().addShutdownHook(atInterrupt);
      CheckReport report;
      try {
        report = check.run(json ? _ -> {} : text::finding);
      } finally {
        keepOff(atInterrupt);
      }
      if (json) {
        print(report);
      } else {
        text.end(report);
      }
      return report.count(Verdict.FAIL) > 0 ? FAILS : ExitCode.OK;
    }
  }

  private static void keepOff(Thread hook) {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It runs already.
    }
  }

  private void print(CheckReport report) {
    VolumeJson.document(
        spec.commandLine().getOut(),
        json -> {
          json.writeStartObject();
          json.writeStringField("bucket", report.where());
          json.writeArrayFieldStart("findings");
          for (Finding finding : report.findings()) {
            json.writeStartObject();
            json.writeStringField("check", finding.check());
            json.writeStringField("verdict", finding.verdict().name());
            json.writeStringField("seen", finding.seen());
            json.writeArrayFieldStart("remedies");
            for (String remedy : finding.remedies()) {
              json.writeString(remedy);
            }
            json.writeEndArray();
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeNumberField("requests", report.requests());
          json.writeNumberField("sent_bytes", report.sentBytes());
          json.writeNumberField("received_bytes", report.receivedBytes());
          json.writeNumberField("elapsed_nanos", report.elapsed().toNanos());
          json.writeEndObject();
        });
  }
}
