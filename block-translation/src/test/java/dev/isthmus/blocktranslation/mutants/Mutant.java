package dev.isthmus.blocktranslation.mutants;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One rule of the product, and a patch that breaks it. Immutable.
 *
 * @param name of the patch's file
 * @param rule in words
 * @param simulation that has to find it: its class
 * @param maxSeeds within which
 */
record Mutant(String name, String rule, String simulation, int maxSeeds, List<FilePatch> files) {

  private static final String RULE = "Rule: ";
  private static final String FOUND_BY = "Found-by: ";

  /** All patches of {@code modules}, by name. */
  static List<Mutant> all(Path root, String... modules) throws IOException {
    var mutants = new ArrayList<Mutant>();
    for (String module : modules) {
      Path directory = root.resolve(module).resolve("src/test/mutants");
      try (DirectoryStream<Path> patches = Files.newDirectoryStream(directory, "*.patch")) {
        for (Path patch : patches) {
          mutants.add(read(patch));
        }
      }
    }
    mutants.sort(Comparator.comparing(Mutant::name));
    return mutants;
  }

  private static Mutant read(Path patch) throws IOException {
    List<String> lines = Files.readAllLines(patch);
    try {
      var rule = new StringBuilder();
      int at = 0;
      while (!lines.get(at).startsWith(FOUND_BY)) {
        rule.append(rule.isEmpty() ? "" : " ").append(lines.get(at++));
      }
      // Found-by: VolumeSim within 200 seeds
      String[] words = lines.get(at).substring(FOUND_BY.length()).split(" ", -1);
      if (!rule.toString().startsWith(RULE) || words.length != 4) {
        throw new IllegalArgumentException("the header is incomplete");
      }
      return new Mutant(
          patch.getFileName().toString().replace(".patch", ""),
          rule.substring(RULE.length()),
          words[0],
          Integer.parseInt(words[2]),
          FilePatch.parse(lines));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException(patch + ": " + e.getMessage(), e);
    }
  }
}
