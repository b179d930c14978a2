package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.bill.PriceFile;
import dev.isthmus.gateway.bill.PriceTable;
import dev.isthmus.gateway.rpc.BillMessages;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.GetPricesRequest;
import dev.isthmus.gateway.rpc.v1.GetUsageRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what volumes cost. */
@Command(
    name = "bill",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Tell what volumes in buckets cost in a month, at their present rate and by a list of prices:"
          + " what is stored, requests by kind, data that leaves the bucket.",
      "",
      "Requests and data are an estimate: those of the last hour, times the hours of a month. What"
          + " is stored is what the volume's owner knows, without asking the bucket.",
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume bill                       all volumes in buckets",
      "  isthmus volume bill db --same-region      by a gateway next to its bucket",
      "  isthmus volume bill db --list             count what lies in the bucket",
      "  isthmus volume bill --prices b2.yaml -o json",
      "",
      "docs/configuration.md says what stands in a list of prices.",
    })
final class BillCommand extends VolumeVerb {

  @Parameters(
      arity = "0..*",
      paramLabel = "VOLUME",
      description = "Volumes; without any, all that lie in buckets.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--prices",
      paramLabel = "FILE",
      description =
          "List of prices. Default: the gateway's setting \"prices\"; without one, AWS S3 Standard"
              + " in us-east-1.")
  private @Nullable Path prices;

  @Option(
      names = "--since-open",
      description = "Reckon with all requests since the volume was opened, not the last hour's.")
  private boolean sinceOpen;

  @Option(
      names = "--same-region",
      description = "Nothing is charged for data that leaves the bucket.")
  private boolean sameRegion;

  @Option(
      names = "--list",
      description =
          "Count what lies in the bucket, by LIST: one request for each thousand objects. Also tells"
              + " of volumes that are not open.")
  private boolean list;

  @Override
  void run(ControlClient client) {
    PriceTable table = prices(client);
    var request =
        GetUsageRequest.newBuilder().addAllNames(new LinkedHashSet<>(names)).setList(list).build();
    var usages = client.bills(bills -> bills.getUsage(request)).getVolumesList();
    var bills = usages.stream().map(usage -> VolumeBill.of(table, usage, sinceOpen)).toList();
    if (json()) {
      BillJson.print(table, bills, out());
    } else {
      BillText.print(table, sameRegion, bills, out());
    }
  }

  private PriceTable prices(ControlClient client) {
    PriceTable table =
        prices != null
            ? PriceFile.read(prices)
            : BillMessages.prices(
                client.bills(bills -> bills.getPrices(GetPricesRequest.getDefaultInstance())));
    return sameRegion ? table.withoutTransfer() : table;
  }
}
