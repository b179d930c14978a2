package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.DeleteProgress;
import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import java.io.Console;
import java.util.Iterator;
import java.util.Optional;
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
          + " repeated."
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
    boolean live = terminal().isPresent() && !json();
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
    Console terminal =
        terminal()
            .orElseThrow(() ->
                new DeviceException.Invalid(
                    "deleting "
                        + name
                        + " destroys its data: say --yes where nobody can be asked"));
    String answer =
        terminal.readLine(
            "Delete %s (%s) with all its data in %s?%nType its name to go on: ",
            name, VolumeText.size(volume.getSizeBytes()), volume.getUri());
    if (answer == null || !answer.strip().equals(name)) {
      throw new DeviceException.Invalid("nothing is deleted");
    }
  }

  // What it is where there is no terminal changed between JDK 21, 22 and 25: null, or one that is
  // none.
  @SuppressWarnings("SystemConsoleNull")
  private static Optional<Console> terminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal);
  }
}
