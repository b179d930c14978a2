package dev.isthmus.gateway.logs;

import dev.isthmus.wal.LogGap;
import java.util.List;

/**
 * What was salvaged. Immutable.
 *
 * @param aboveLsn changes up to it were left out
 * @param firstLsn oldest change; 0 for none
 * @param lastLsn newest change; 0 for none
 * @param changes how many
 * @param dataBytes that they write, counted again where they overlap
 * @param zeroedBytes that they zero, likewise
 * @param firstTimeNanos of the oldest; 0 for none
 * @param lastTimeNanos of the newest; 0 for none
 * @param gaps LSNs that are missing between {@code aboveLsn} and {@code lastLsn}, or known to have
 *     been behind
 */
public record SalvageSummary(
    long aboveLsn,
    long firstLsn,
    long lastLsn,
    long changes,
    long dataBytes,
    long zeroedBytes,
    long firstTimeNanos,
    long lastTimeNanos,
    List<LogGap> gaps) {

  public SalvageSummary {
    gaps = List.copyOf(gaps);
  }
}
