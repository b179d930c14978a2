package dev.isthmus.blocktranslation;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** How a test starts a class of its own as a process. */
final class ChildJvm {

  private ChildJvm() {}

  /** The command that runs {@code main} with the flags that the log needs. */
  static List<String> command(Class<?> main, List<String> arguments) {
    var command = new ArrayList<String>(List.of(System.getProperty("java.home") + "/bin/java"));
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (flag.startsWith("--") || flag.startsWith("-Dchronicle")) {
        command.add(flag);
      }
    }
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(arguments);
    return command;
  }
}
