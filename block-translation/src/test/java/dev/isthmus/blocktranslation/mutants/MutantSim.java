package dev.isthmus.blocktranslation.mutants;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each patch in {@code src/test/mutants} breaks one rule; the simulation that its header names has
 * to find that within so many seeds. A few are tried, by a seed that is printed: {@code
 * -Dmutants.seed} picks them again, {@code -Dmutants=all} tries all (from the first name after
 * {@code -Dmutants.after=NAME} on), {@code -Dmutants=NAME,NAME} these. Each adds a row to {@code
 * target/broken-rules.md}.
 */
final class MutantSim {

  private static final int SLICE = 3;
  private static final String[] MODULES = {"block-translation", "wal"};

  @TempDir Path temp;

  /** A patch that no longer fits would say nothing of its rule, so all are looked at each time. */
  @Test
  void everyPatchFits() throws IOException {
    Path root = root();
    var misfits = new ArrayList<String>();
    for (Mutant mutant : Mutant.all(root, MODULES)) {
      for (FilePatch file : mutant.files()) {
        try {
          file.apply(Files.readAllLines(root.resolve(file.path())));
        } catch (IllegalArgumentException | IOException e) {
          misfits.add(mutant.name() + ": " + e.getMessage());
        }
      }
    }
    assertEquals(List.of(), misfits);
  }

  @Test
  @Timeout(7200)
  void brokenRulesAreFound() throws IOException, InterruptedException {
    Path root = root();
    Path table = root.resolve("target").resolve("broken-rules.md");
    Files.createDirectories(table.getParent());
    List<Mutant> mutants = chosen(Mutant.all(root, MODULES));
    var trial = new MutantTrial(root, temp);
    var missed = new ArrayList<String>();
    for (Mutant mutant : mutants) {
      MutantTrial.Result result = trial.run(mutant);
      System.out.printf(
          "%-36s %-9s %5d seeds  %s%n",
          mutant.name(),
          mutant.simulation(),
          result.seeds(),
          result.found() ? result.violation() : "NOT FOUND");
      // Line by line, so that a long run can be gone on with.
      Files.writeString(
          table, row(mutant, result), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      if (!result.found()) {
        missed.add(mutant.name() + ": " + mutant.rule());
      }
    }
    System.out.printf("mutants: %d tried, %d not found%n", mutants.size(), missed.size());
    assertEquals(List.of(), missed);
  }

  /** A row of docs/broken-rules.md. */
  private static String row(Mutant mutant, MutantTrial.Result result) {
    String files =
        mutant.files().stream()
            .map(file -> Path.of(file.path()).getFileName().toString().replace(".java", ""))
            .collect(Collectors.joining(", "));
    return "| %s | %s | %s | %s | %d | %d |%n"
        .formatted(
            mutant.name(),
            mutant.rule(),
            files,
            mutant.simulation() + ": " + (result.found() ? check(result.violation()) : "NOT FOUND"),
            result.seeds(),
            mutant.maxSeeds());
  }

  /** What the violation begins with; the rest is of this run alone. */
  private static String check(String violation) {
    String words =
        violation.replaceAll("[\\[(|].*", "").replaceAll("[0-9a-f-]{36}\\S*", "…").strip();
    return words.substring(0, Math.min(100, words.length()));
  }

  private static List<Mutant> chosen(List<Mutant> all) {
    String names = System.getProperty("mutants", "");
    if (names.equals("all")) {
      String after = System.getProperty("mutants.after", "");
      return all.stream().filter(mutant -> mutant.name().compareTo(after) > 0).toList();
    }
    if (!names.isEmpty()) {
      List<String> wanted = Arrays.asList(names.split(",", -1));
      List<Mutant> some = all.stream().filter(m -> wanted.contains(m.name())).toList();
      assertEquals(
          wanted.size(), some.size(), "there are " + all.stream().map(Mutant::name).toList());
      return some;
    }
    long seed = Long.getLong("mutants.seed", new Random().nextInt(1 << 30));
    System.out.printf("mutants: %d of %d, -Dmutants.seed=%d%n", SLICE, all.size(), seed);
    List<Mutant> shuffled = new ArrayList<>(all);
    Collections.shuffle(shuffled, new Random(seed));
    return shuffled.subList(0, SLICE);
  }

  private static Path root() {
    Path here = Path.of("").toAbsolutePath();
    Path root = Files.isDirectory(here.resolve("wal")) ? here : here.getParent();
    assertTrue(root != null && Files.isDirectory(root.resolve("wal")), "run within the repository");
    return root;
  }
}
