package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.DeleteProgress;
import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import java.util.Iterator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes a volume. */
@Command(
    name = "delete",
    mixinStandardHelpOptions = true,
    description = {
      "Delete a volume with all its data, in the bucket too. There is no way back.",
      "",
      "Asks for the name once more, unless --yes is given. A deletion that was broken off can be"
          + " repeated. Only the volume's own objects go: where others lie below it, another volume's"
          + " among them, nothing is deleted, and one of them is named."
    },
    footer = {"", "Example:", "  isthmus volume unpublish db && isthmus volume delete db"})
final class DeleteCommand extends VolumeVerb {

  @Parameters(paramLabel = "NAME", description = "The volume.")
  private String name = "";

  @Option(names = "--yes", description = "Do not ask.")
  private boolean yes;

  @Override
  void run(ControlClient client) {
    var request = VolumeName.newBuilder().setName(name).build();
    if (!yes) {
      confirm(client.volumes(volumes -> volumes.getVolume(request)));
    }
    boolean live = Confirmation.terminal().isPresent() && !json();
    long deleted =
        client.volumes(volumes -> {
          long objects = 0;
          Iterator<DeleteProgress> progress = volumes.deleteVolume(request);
          while (progress.hasNext()) {
            objects = progress.next().getDeletedObjects();
            if (live) {
              err().print("\r" + objects + " objects deleted");
              err().flush();
            }
          }
          return objects;
        });
    if (json()) {
      VolumeJson.print("deleted_objects", deleted, out());
    } else {
      out()
          .println(
              (live && deleted > 0 ? "\r" : "")
                  + "volume "
                  + name
                  + " is deleted"
                  + (deleted > 0 ? " (" + deleted + " objects)" : ""));
    }
  }

  private void confirm(Volume volume) {
    Confirmation.require(
        "Delete %s (%s) with all its data in %s?"
            .formatted(name, VolumeText.size(volume.getSizeBytes()), volume.getUri()),
        "deleting " + name + " destroys its data",
        name);
  }
}
