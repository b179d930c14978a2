package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.logging.LogSetup;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A verb: connects, asks, shows the answer. */
abstract class VolumeVerb implements Callable<Integer> {

  @Mixin private final ClientOptions options = new ClientOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  /** Does it; the client is closed afterwards. */
  abstract void run(ControlClient client);

  @Override
  public Integer call() {
    // What goes wrong comes back as the answer; libraries have nothing to add for people.
    LogSetup.apply("error", false);
    try (ControlClient client = options.connect()) {
      run(client);
    }
    return ExitCode.OK;
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  final boolean json() {
    return options.json();
  }

  final void show(Volume volume) {
    if (json()) {
      VolumeJson.print(volume, out());
    } else {
      VolumeText.details(volume, out());
    }
  }
}
