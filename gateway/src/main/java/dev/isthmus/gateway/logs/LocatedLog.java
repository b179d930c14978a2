package dev.isthmus.gateway.logs;

import dev.isthmus.blocktranslation.LocalTerm;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A log directory on this host. Immutable.
 *
 * @param directory where it lies
 * @param volumeUuid as the directory above is named; null if that is no UUID
 * @param volumeName as the catalogue or the host's note has it; null if neither knows it
 * @param logId as its name says
 * @param aside whether it was set aside: it does not count
 * @param lastTerm the host's note beside it; null without any, or if it is damaged
 */
public record LocatedLog(
    Path directory,
    @Nullable String volumeUuid,
    @Nullable String volumeName,
    String logId,
    boolean aside,
    @Nullable LocalTerm lastTerm) {

  static final String PREFIX = "log-";
  private static final String ASIDE = ".aside-";

  static LocatedLog of(
      Path directory,
      @Nullable String volumeUuid,
      @Nullable String volumeName,
      @Nullable LocalTerm lastTerm) {
    String name = String.valueOf(directory.getFileName());
    String id = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
    int aside = id.indexOf(ASIDE);
    return new LocatedLog(
        directory,
        volumeUuid,
        volumeName,
        aside < 0 ? id : id.substring(0, aside),
        aside >= 0,
        lastTerm);
  }

  /** What to call it on a command line: the directory's name without what all have. */
  public String label() {
    String name = String.valueOf(directory.getFileName());
    return name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
  }

  /** Whether it is the log of the newest term that this host had. */
  public boolean isHostsNewest() {
    return !aside && lastTerm != null && lastTerm.log().toString().equals(logId);
  }

  /** The volume, for people. */
  public String volume() {
    if (volumeName != null) {
      return volumeName;
    }
    return volumeUuid == null ? "-" : volumeUuid;
  }
}
