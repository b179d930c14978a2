package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import java.io.Console;
import java.util.Optional;

/** Asks before data is destroyed. Stateless. */
final class Confirmation {

  private Confirmation() {}

  /**
   * Wants a name typed.
   *
   * @param what is going to be destroyed, as in "Delete db (1GiB)"
   * @param destroys what that means, where nobody can be asked
   * @throws DeviceException.Invalid if there is no terminal, or something else is answered
   */
  static void require(String what, String destroys, String name) {
    Console terminal =
        terminal()
            .orElseThrow(() ->
                new DeviceException.Invalid(destroys + ": say --yes where nobody can be asked"));
    String answer = terminal.readLine("%s%nType its name, %s, to go on: ", what, name);
    if (answer == null || !answer.strip().equals(name)) {
      throw new DeviceException.Invalid("nothing is deleted");
    }
  }

  // What it is where there is no terminal changed between JDK 21, 22 and 25: null, or one that is
  // none.
  @SuppressWarnings("SystemConsoleNull")
  static Optional<Console> terminal() {
    return Optional.ofNullable(System.console()).filter(Console::isTerminal);
  }
}
