package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.ListVolumesRequest;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lists volumes. */
@Command(
    name = "list",
    aliases = "ls",
    mixinStandardHelpOptions = true,
    description = {
      "List the gateway's volumes; with a bucket's URI, the volumes that lie there, whether or not"
          + " the gateway has them open."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume list",
      "  isthmus volume list s3://my-bucket/disks",
      "  isthmus volume list minio://minio.lan:9000/my-bucket/disks",
      "  isthmus volume list -o json | jq -r '.volumes[] | select(.state != \"READY\") | .name'",
    })
final class ListCommand extends VolumeVerb {

  @Parameters(arity = "0..1", paramLabel = "BUCKET", description = "A bucket's URI.")
  private String bucket = "";

  @Override
  void run(ControlClient client) {
    var request = ListVolumesRequest.newBuilder().setBucketUri(bucket).build();
    List<Volume> list = client.volumes(volumes -> volumes.listVolumes(request)).getVolumesList();
    if (json()) {
      VolumeJson.print(list, out());
    } else {
      VolumeText.list(list, out());
    }
  }
}
