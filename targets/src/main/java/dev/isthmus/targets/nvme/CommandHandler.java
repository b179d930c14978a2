package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.IoStatus;

/** Serves the commands of one kind of queue. Threading: called on the loop of the command. */
interface CommandHandler {

  /**
   * Looks at a command before anything is spent on it. Fills {@link Command#hostBytes} with the
   * data it takes from the host and {@link Command#bufferBytes} with the memory it needs; changes
   * nothing else, since it is asked again when the command had to wait.
   *
   * @return a status field; not success refuses the command
   */
  int check(Command command);

  /** Serves a command that passed {@link #check}; memory and host data are there. */
  void execute(Command command);

  /** The device ended what {@link #execute} submitted. */
  void deviceDone(Command command, IoStatus status);
}
