package dev.isthmus.benchmarks;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the daemon logs when it has opened a volume.
 *
 * @param lastLsn newest of the disk
 * @param bucketLsn newest in the bucket: the rest came from the log
 * @param millis in all
 * @param parts milliseconds of each part, in their order
 */
record OpenLine(long lastLsn, long bucketLsn, double millis, Map<String, Double> parts) {

  private static final Pattern PART = Pattern.compile("([a-z ]+) in ([0-9.]+) ms(?:, )?");

  /** The newest of {@code volume} in {@code log}. */
  static OpenLine newest(String log, String volume) throws IOException {
    // The log may be JSON, which writes a slash with a backslash.
    Matcher line =
        Pattern.compile(
                "/"
                    + Pattern.quote(volume)
                    + ": open, epoch \\d+, incarnation \\d+, LSN (\\d+) \\((\\d+) in the bucket\\),"
                    + " .*?; took ([0-9.]+) ms \\(([^)]*)\\)")
            .matcher(log);
    OpenLine newest = null;
    while (line.find()) {
      var parts = new LinkedHashMap<String, Double>();
      Matcher part = PART.matcher(line.group(4));
      while (part.find()) {
        parts.put(part.group(1), Double.valueOf(part.group(2)));
      }
      newest =
          new OpenLine(
              Long.parseLong(line.group(1)),
              Long.parseLong(line.group(2)),
              Double.parseDouble(line.group(3)),
              parts);
    }
    if (newest == null) {
      throw new IOException("the daemon did not say that it opened " + volume + ":\n" + log);
    }
    return newest;
  }
}
