package dev.isthmus.gateway.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A strict reader of the text format 0.0.4: every rule of the format that a lenient server forgives
 * is an error here. Threading: confined.
 */
public final class PrometheusParser {

  private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]*");
  private static final Pattern SAMPLE =
      Pattern.compile("(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(?<labels>.*)})? (?<value>\\S+)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\[\\\\\"n])*)\"(,|$)");

  /** One line. */
  public record Sample(String name, Map<String, String> labels, double value) {}

  /** A family with its samples in order. */
  public record Family(String name, String type, List<Sample> samples) {}

  private final Map<String, Family> families = new LinkedHashMap<>();

  /** By name, in order. */
  public static Map<String, Family> parse(String text) {
    if (!text.endsWith("\n")) {
      throw new AssertionError("the last line ends with a line feed");
    }
    var parser = new PrometheusParser();
    List<String> lines = text.lines().toList();
    for (int i = 0; i < lines.size(); ) {
      i = parser.family(lines, i);
    }
    parser.families.values().forEach(PrometheusParser::check);
    return parser.families;
  }

  private int family(List<String> lines, int start) {
    String[] help = lines.get(start).split(" ", 4);
    require(help.length == 4 && help[0].equals("#") && help[1].equals("HELP"), lines.get(start));
    require(NAME.matcher(help[2]).matches(), lines.get(start));
    String[] type = lines.get(start + 1).split(" ", -1);
    require(
        type.length == 4
            && type[0].equals("#")
            && type[1].equals("TYPE")
            && type[2].equals(help[2])
            && List.of("counter", "gauge", "histogram").contains(type[3]),
        lines.get(start + 1));
    var family = new Family(help[2], type[3], new ArrayList<>());
    require(families.put(family.name(), family) == null, "two families " + family.name());
    int i = start + 2;
    for (; i < lines.size() && !lines.get(i).startsWith("#"); i++) {
      family.samples().add(sample(lines.get(i), family));
    }
    return i;
  }

  private static Sample sample(String line, Family family) {
    Matcher matcher = SAMPLE.matcher(line);
    require(matcher.matches(), line);
    String name = matcher.group("name");
    boolean ofFamily =
        family.type().equals("histogram")
            ? List.of("_bucket", "_sum", "_count").stream()
                .anyMatch(s -> name.equals(family.name() + s))
            : name.equals(family.name());
    require(ofFamily, line + " stands below " + family.name());
    return new Sample(name, labels(matcher.group("labels")), number(matcher.group("value")));
  }

  private static Map<String, String> labels(@org.jspecify.annotations.Nullable String text) {
    var labels = new LinkedHashMap<String, String>();
    if (text == null) {
      return labels;
    }
    Matcher matcher = LABEL.matcher(text);
    int at = 0;
    while (at < text.length()) {
      require(matcher.find(at) && matcher.start() == at, "labels " + text);
      require(labels.put(matcher.group(1), matcher.group(2)) == null, "a label twice: " + text);
      at = matcher.end();
    }
    return labels;
  }

  private static double number(String text) {
    return text.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
  }

  private static void check(Family family) {
    require(!family.samples().isEmpty(), family.name() + " has no sample");
    var seen = new HashMap<String, Sample>();
    for (Sample sample : family.samples()) {
      require(
          seen.put(sample.name() + new java.util.TreeMap<>(sample.labels()), sample) == null,
          "twice: " + sample);
      require(!family.type().equals("counter") || sample.value() >= 0, "below zero: " + sample);
    }
    if (family.type().equals("counter")) {
      require(family.name().endsWith("_total"), family.name() + " is a counter");
    }
    if (family.type().equals("histogram")) {
      histogram(family);
    }
  }

  private static void histogram(Family family) {
    var last = new HashMap<Map<String, String>, Sample>();
    for (Sample sample : family.samples()) {
      var base = new LinkedHashMap<>(sample.labels());
      String bound = base.remove("le");
      Sample before = last.get(base);
      if (sample.name().endsWith("_bucket")) {
        require(bound != null, "a bucket without le: " + sample);
        if (before != null) {
          require(bound(before) < bound(sample), "bounds go up: " + sample);
          require(before.value() <= sample.value(), "buckets are cumulative: " + sample);
        }
        last.put(base, sample);
      } else if (sample.name().endsWith("_count")) {
        require(before != null && bound(before) == Double.POSITIVE_INFINITY, "+Inf: " + sample);
        require(before != null && before.value() == sample.value(), "+Inf is the count: " + sample);
      }
    }
  }

  private static double bound(Sample bucket) {
    return number(bucket.labels().getOrDefault("le", "NaN"));
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }
}
