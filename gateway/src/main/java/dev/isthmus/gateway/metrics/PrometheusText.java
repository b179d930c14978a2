package dev.isthmus.gateway.metrics;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;

/**
 * Writes the Prometheus text exposition format, version 0.0.4.
 *
 * <p>All our figures are counted elsewhere and read when asked for, so a registry of counters would
 * hold nothing: what is needed is the format, and that is this file (the io.prometheus model of
 * 1.10.0 would be the alternative; its bill of materials named an artifact that Maven Central does
 * not serve). Families are collected first, since all samples of one must stand together while
 * volumes are asked one after the other.
 *
 * <p>Threading: confined to one scrape.
 */
final class PrometheusText {

  /** The content type of what {@link #toString} gives. */
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private enum Type {
    COUNTER,
    GAUGE,
    HISTOGRAM
  }

  private static final class Family {
    final Type type;
    final String help;
    final StringBuilder samples = new StringBuilder();
    final Set<String> seen = new HashSet<>();

    Family(Type type, String help) {
      this.type = type;
      this.help = help;
    }
  }

  private final Map<String, Family> families = new LinkedHashMap<>();

  /**
   * A sample of a counter; the name ends in {@code _total}. Labels are name, value, name, value.
   */
  void counter(String name, String help, double value, String... labels) {
    if (!name.endsWith("_total")) {
      throw new IllegalArgumentException("a counter ends in _total: " + name);
    }
    sample(family(name, Type.COUNTER, help), name, labels(labels), number(value));
  }

  /** A sample of a counter of whole things. */
  void counter(String name, String help, long value, String... labels) {
    if (!name.endsWith("_total")) {
      throw new IllegalArgumentException("a counter ends in _total: " + name);
    }
    sample(family(name, Type.COUNTER, help), name, labels(labels), Long.toString(value));
  }

  /** A sample of a gauge of whole things. */
  void gauge(String name, String help, long value, String... labels) {
    sample(family(name, Type.GAUGE, help), name, labels(labels), Long.toString(value));
  }

  /** A sample of a gauge. */
  void gauge(String name, String help, double value, String... labels) {
    sample(family(name, Type.GAUGE, help), name, labels(labels), number(value));
  }

  /**
   * A histogram.
   *
   * @param cumulative how many values were at most each bound, by ascending bound
   * @param count of all values
   */
  void histogram(
      String name,
      String help,
      SortedMap<Double, Long> cumulative,
      double sum,
      long count,
      String... labels) {
    Family family = family(name, Type.HISTOGRAM, help);
    Map<String, String> base = labels(labels);
    cumulative.forEach((bound, atMost) ->
        sample(family, name + "_bucket", with(base, "le", number(bound)), Long.toString(atMost)));
    sample(family, name + "_bucket", with(base, "le", "+Inf"), Long.toString(count));
    sample(family, name + "_sum", base, number(sum));
    sample(family, name + "_count", base, Long.toString(count));
  }

  private Family family(String name, Type type, String help) {
    if (!name.matches("[a-z_][a-z0-9_]*")) {
      throw new IllegalArgumentException("a metric's name: " + name);
    }
    Family family = families.computeIfAbsent(name, n -> new Family(type, help));
    if (family.type != type) {
      throw new IllegalArgumentException(name + " is a " + family.type);
    }
    return family;
  }

  private static Map<String, String> labels(String... labels) {
    if (labels.length % 2 != 0) {
      throw new IllegalArgumentException("a label without a value");
    }
    var map = new LinkedHashMap<String, String>();
    for (int i = 0; i < labels.length; i += 2) {
      map.put(labels[i], labels[i + 1]);
    }
    return map;
  }

  private static Map<String, String> with(Map<String, String> base, String key, String value) {
    var map = new LinkedHashMap<>(base);
    map.put(key, value);
    return map;
  }

  private static void sample(Family family, String name, Map<String, String> labels, String value) {
    var line = new StringBuilder(name);
    char separator = '{';
    for (var label : labels.entrySet()) {
      line.append(separator).append(label.getKey()).append("=\"").append(escape(label.getValue()));
      line.append('"');
      separator = ',';
    }
    if (!labels.isEmpty()) {
      line.append('}');
    }
    if (!family.seen.add(line.toString())) {
      throw new IllegalArgumentException("a sample stands twice: " + line);
    }
    family.samples.append(line).append(' ').append(value).append('\n');
  }

  /** A label's value: backslash, quote and line end are escaped. */
  private static String escape(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  private static String number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return Long.toString((long) value);
    }
    return Double.toString(value);
  }

  @Override
  public String toString() {
    var text = new StringBuilder();
    families.forEach((name, family) ->
        text.append("# HELP ")
            .append(name)
            .append(' ')
            .append(family.help.replace("\\", "\\\\").replace("\n", "\\n"))
            .append("\n# TYPE ")
            .append(name)
            .append(' ')
            .append(family.type.name().toLowerCase(java.util.Locale.ROOT))
            .append('\n')
            .append(family.samples));
    return text.toString();
  }
}
