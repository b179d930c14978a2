package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;

/** What a command line printed and how it ended. */
record CommandRun(int exitCode, String out, String err) {

  /** Runs a verb in this process as it is said, against no daemon in particular. */
  static CommandRun run(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    int exitCode = Main.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
    return new CommandRun(exitCode, out.toString(), err.toString());
  }

  /** What it printed with {@code -o json}; it must have succeeded. */
  JsonNode json() throws IOException {
    assertEquals(0, exitCode, err);
    return new ObjectMapper().readTree(out);
  }
}
