package dev.isthmus.blocktranslation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The fields of stored structures, taken out of the tables of docs/FORMAT.md themselves: a field
 * that is added there is damaged by the tests without a word here.
 */
final class FormatPage {

  /** A field: where it stands in its structure. */
  record Field(String structure, String name, int offset, int length) {
    @Override
    public String toString() {
      return structure + "." + name;
    }
  }

  private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\| ([^|]+?) \\| ([^|]*?) \\|.*");

  private final Map<String, List<Field>> structures = new LinkedHashMap<>();
  private final List<String> manifestKeys = new ArrayList<>();

  private FormatPage() {}

  static FormatPage read() throws IOException {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve("docs/FORMAT.md"))) {
      at = Objects.requireNonNull(at.getParent(), "no docs/FORMAT.md above");
    }
    var page = new FormatPage();
    page.parse(Files.readAllLines(at.resolve("docs/FORMAT.md")));
    return page;
  }

  private void parse(List<String> lines) {
    String section = "";
    int table = 0;
    String structure = "";
    for (String line : lines) {
      Matcher row = ROW.matcher(line);
      if (line.startsWith("## ")) {
        section = line.substring(3);
        table = 0;
        structure = "";
      } else if (line.startsWith("| Offset | Type | Name |")) {
        structure = section + " " + ++table;
      } else if (!structure.isEmpty() && row.matches()) {
        structures
            .computeIfAbsent(structure, _ -> new ArrayList<>())
            .add(
                new Field(
                    structure,
                    row.group(3).isEmpty() ? row.group(2) : row.group(3),
                    Integer.parseInt(row.group(1)),
                    length(row.group(2))));
      } else if (!line.startsWith("|")) {
        structure = "";
      } else if (section.equals("Manifest") && line.startsWith("| `")) {
        manifestKeys.add(line.substring(3, line.indexOf('`', 3)));
      }
    }
  }

  private static int length(String type) {
    String word = type.split(" ", -1)[0];
    return switch (word) {
      case "u8" -> 1;
      case "u16" -> 2;
      case "u32" -> 4;
      case "u64" -> 8;
      case "uuid" -> 16;
      default -> Integer.parseInt(word); // "12 bytes"
    };
  }

  /** Fields of the {@code table}th structure of a section, from 1. */
  List<Field> fields(String section, int table) {
    return Objects.requireNonNull(
        structures.get(section + " " + table), () -> section + " " + table + " of " + structures);
  }

  List<String> manifestKeys() {
    return manifestKeys;
  }
}
