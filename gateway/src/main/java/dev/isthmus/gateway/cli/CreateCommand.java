package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.CreateVolumeRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Creates a volume. */
@Command(
    name = "create",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Create a volume and open it. `isthmus volume publish` then shows it to hosts.",
      "",
      "A bare name lies in the gateway's bucket; a URI says where instead."
    },
    footer = {
      "",
      "Examples:",
      "  isthmus volume create db --size 10GiB",
      "  isthmus volume create s3://my-bucket/disks/db?region=eu-central-1 --size 1TiB",
      "  isthmus volume create minio://minio.lan:9000/my-bucket/disks/db --size 1TiB",
      "  isthmus volume create vault --size 10GiB --ack local --flush uploaded",
      "  isthmus volume create s3://my-bucket/disks/mail --size 1TiB --rpo 30s,enforce",
      "  isthmus volume create file:///srv/disk.img --size 10GiB     a file on a local disk",
      "  isthmus volume create malloc:///bench --size 1GiB           memory, for measurements",
    })
final class CreateCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME|URI", description = "A name, or a storage URI.")
  private String nameOrUri = "";

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      description = "As in 512MiB, 10GiB, 1TiB; a multiple of the block size.")
  private String size = "";

  @Option(names = "--name", paramLabel = "NAME", description = "Default: the URI's last part.")
  private String name = "";

  @Option(
      names = "--block-size",
      paramLabel = "BYTES",
      description = "512 or 4096: the smallest read and write. Default: 4096.")
  private int blockSizeBytes;

  @Option(
      names = "--ack",
      paramLabel = "applied|local",
      description =
          "What a completed write survives: a crash of the gateway (applied, the default),"
              + " or a power cut (local).")
  private String ack = "";

  @Option(
      names = "--flush",
      paramLabel = "local|uploaded",
      description =
          "What a flushed write survives: a power cut (local, the default),"
              + " or losing this host (uploaded).")
  private String flush = "";

  @Option(
      names = "--rpo",
      paramLabel = "none|DURATION[,enforce]",
      description =
          "How far the bucket may lag behind, 1s to 24h: uploads hurry, an alarm is raised beyond"
              + " it, and with ,enforce writers wait rather than exceed it. Default: none.")
  private String rpo = "";

  @Mixin private final FencingOption fencing = new FencingOption();

  @Override
  void run(ControlClient client) {
    var request =
        CreateVolumeRequest.newBuilder()
            .setNameOrUri(nameOrUri)
            .setName(name)
            .setSizeBytes(size.isEmpty() ? 0 : ByteSize.parse(size).bytes())
            .setBlockSizeBytes(blockSizeBytes)
            .setAck(ack)
            .setFlush(flush)
            .setRpo(rpo)
            .setFencing(fencing.word())
            .build();
    show(client.volumes(volumes -> volumes.createVolume(request)));
  }
}
