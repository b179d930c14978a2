package dev.isthmus.gateway.cli;

import dev.isthmus.gateway.logging.LogSetup;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A verb on logs: reads them itself, and shows what it found. */
abstract class LogVerb implements Callable<Integer> {

  @Mixin private final LogOptions options = new LogOptions();

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything is called.
  private CommandSpec spec;

  /** Does it. */
  abstract void run(LogOptions chosen);

  @Override
  public Integer call() {
    // What goes wrong comes back as the answer; libraries have nothing to add for people.
    LogSetup.apply("error", false);
    run(options);
    return ExitCode.OK;
  }

  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  final PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
