package dev.isthmus.gateway.cli;

import static dev.isthmus.gateway.cli.CommandRun.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.gateway.config.SettingKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class HelpTest {

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "serve --help",
        "status --help",
        "volume --help",
        "volume create --help",
        "volume list --help",
        "volume show --help",
        "volume set --help",
        "volume bill --help",
        "volume publish --help",
        "volume unpublish --help",
        "volume open --help",
        "volume close --help",
        "volume scrub --help",
        "volume delete --help",
        "bucket --help",
        "bucket check --help",
        "log --help",
        "log list --help",
        "log inspect --help",
        "log salvage --help",
        "volume export --help",
        "volume import --help",
        "volume verify --help"
      })
  void everyHelpTeachesByExample(String line) {
    CommandRun run = run(line.split(" ", -1));
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().startsWith("Usage: isthmus"), run.out());
    assertTrue(run.out().contains("Example"), run.out());
  }

  /** What is the same has the same name and is explained alike. */
  @Test
  void verbsAgreeOnTheNamesOfOptions() {
    for (String verb : new String[] {"verify", "scrub"}) {
      String help = run("volume", verb, "--help").out().replaceAll("\\s+", " ");
      assertTrue(help.contains("--rate=SIZE[/s]"), help);
      assertTrue(help.contains("as in 50MiB or 50MiB/s; 0 for no limit"), help);
    }
    for (String verb : new String[] {"create", "import"}) {
      String help = run("volume", verb, "--help").out();
      for (String option :
          new String[] {"--block-size=BYTES", "--ack=", "--flush=", "none|DURATION[,enforce]"}) {
        assertTrue(help.contains(option), verb + ": " + option);
      }
      assertFalse(help.contains("blk_size"), help);
    }
    String export = run("volume", "export", "--help").out();
    assertTrue(export.contains("--at=CHECKPOINT"), export);
    assertTrue(run("volume", "import", "--help").out().contains("--yes"));
  }

  @Test
  void serveHasAFlagForEverySetting() {
    String help = run("serve", "--help").out();
    for (SettingKey key : SettingKey.values()) {
      assertTrue(help.contains("--" + key.path().replaceAll("[._]", "-")), key.path());
    }
  }

  /** The top of the source tree. */
  private static Path root() {
    Path directory = Path.of("").toAbsolutePath();
    while (!Files.exists(directory.resolve("docs/configuration.md"))) {
      directory = Objects.requireNonNull(directory.getParent(), "no docs/configuration.md above");
    }
    return directory;
  }

  private static void collectHelp(CommandLine command, Map<String, String> helps) {
    helps.put(command.getCommandSpec().qualifiedName(), command.getUsageMessage());
    new LinkedHashSet<>(command.getSubcommands().values()).forEach(sub -> collectHelp(sub, helps));
  }

  @Test
  void everyPageThatAHelpNamesExists() {
    var helps = new TreeMap<String, String>();
    collectHelp(new CommandLine(new Main()), helps);
    int named = 0;
    for (var help : helps.entrySet()) {
      // A page's name may be broken at the end of a line, but never within a word.
      Matcher page = Pattern.compile("docs/[A-Za-z0-9_/.-]*\\.md").matcher(help.getValue());
      while (page.find()) {
        named++;
        assertTrue(Files.exists(root().resolve(page.group())), help.getKey() + ": " + page.group());
      }
    }
    assertTrue(named >= 3, "help of open, log and salvage: " + named);
  }

  @Test
  void everySettingIsDocumented() throws IOException {
    String text = Files.readString(root().resolve("docs/configuration.md"));
    for (SettingKey key : SettingKey.values()) {
      String row =
          text.lines().filter(l -> l.startsWith("| `" + key.path() + "` |")).findFirst().orElse("");
      assertTrue(row.contains("`" + key.flag() + "`"), key + " in docs/configuration.md: " + row);
      String defaultText = key.defaultText();
      assertTrue(
          defaultText == null || row.contains("`" + defaultText + "`"), key + "'s default: " + row);
    }
  }

  @Test
  void wrongCommandLinesEndWithTwo() {
    assertEquals(2, run("volume", "creat").exitCode());
    String suggestion = run("volume", "creat").err();
    assertTrue(suggestion.contains("Did you mean: volume create"), suggestion);
    assertEquals(2, run().exitCode());
    assertEquals(2, run("volume").exitCode());
    assertEquals(2, run("serve", "--listen", "0.0.0.0:0").exitCode());
    assertTrue(run("serve", "--listen", "0.0.0.0:0").err().contains("--allow-any-host"));
    assertEquals(2, run("volume", "create", "x", "--size", "1GB").exitCode());
  }

  @Test
  void noDaemonIsSaidWithItsSocketAndTheRemedy() {
    Path socket = directory.resolve("isthmus.sock");
    CommandRun run = run("volume", "list", "--data-dir", directory.toString());
    assertEquals(3, run.exitCode());
    assertEquals(
        "isthmus: no isthmus daemon runs here: there is no socket "
            + socket
            + ". Start one with `isthmus serve`, or name another's with --socket or --data-dir\n",
        run.err());
  }

  /** Without a word the harmless one is meant, and what follows is the volume. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "db -> ",
        "--takeover db -> unflushed",
        "db --takeover -> unflushed",
        "--takeover=lossy db -> lossy",
        "db --takeover lossy -> lossy",
        "--takeover=unflushed db -> unflushed"
      })
  void takeoverTakesAWordOrNone(String line) {
    String[] parts = line.split(" -> ", -1);
    OpenCommand command = CommandLine.populateCommand(new OpenCommand(), parts[0].split(" ", -1));
    assertEquals("db", command.request().getNameOrUri());
    assertEquals(parts[1], command.request().getTakeover());
  }

  @Test
  void aScrubsHelpTellsItsExitCodes() {
    String help = run("volume", "scrub", "--help").out();
    assertTrue(help.contains("6 damage is found"), help);
    assertTrue(help.contains(ExitCode.CANCELLED + " it was cancelled"), help);
  }

  @Test
  void theVersionIsTold() {
    assertTrue(run("--version").out().startsWith("isthmus "));
  }
}
