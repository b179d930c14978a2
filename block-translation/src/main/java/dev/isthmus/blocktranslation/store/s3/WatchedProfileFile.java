package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.profiles.ProfileFileLocation;

/**
 * Files of AWS profiles, read again when they changed: keys are rotated under a disk that stays
 * open. The SDK's own supplier of this kind quotes a line that it can't read, and that line may
 * hold the secret.
 *
 * <p>Threading: guarded by this; reads files while it is held.
 */
final class WatchedProfileFile implements Supplier<ProfileFile> {

  /** Files are looked at no more often: a stat for each request would be one too many. */
  static final long CHECK_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * @param path absolute
   * @param type which of the two formats
   * @param required whether it is an error if it is not there
   */
  record Source(Path path, ProfileFile.Type type, boolean required) {}

  /** What tells one version of a file from another; null if it is not there. */
  private record Version(@Nullable Object fileKey, long modifiedNanos, long lengthBytes) {}

  private final List<Source> sources;
  private final LongSupplier clock;
  private List<@Nullable Version> versions = List.of();
  private @Nullable ProfileFile current;
  private @Nullable String problem;
  private long checkedNanos;
  private long changedNanos;

  WatchedProfileFile(List<Source> sources, LongSupplier clock) {
    this.sources = List.copyOf(sources);
    this.clock = clock;
    read(clock.getAsLong());
  }

  /** A file of credentials that somebody named. */
  static WatchedProfileFile of(Path credentials) {
    return new WatchedProfileFile(
        List.of(new Source(credentials, ProfileFile.Type.CREDENTIALS, true)), System::nanoTime);
  }

  /** The user's own files, where {@code AWS_CONFIG_FILE} and the like say they are. */
  static WatchedProfileFile ofUser() {
    return new WatchedProfileFile(
        List.of(
            new Source(
                ProfileFileLocation.credentialsFilePath(), ProfileFile.Type.CREDENTIALS, false),
            new Source(
                ProfileFileLocation.configurationFilePath(),
                ProfileFile.Type.CONFIGURATION,
                false)),
        System::nanoTime);
  }

  /**
   * The newest content.
   *
   * @throws StoreException.Unauthorized if it can't be read, in words that hold none of it
   */
  @Override
  public synchronized ProfileFile get() {
    long nowNanos = clock.getAsLong();
    if (nowNanos - checkedNanos >= CHECK_INTERVAL_NANOS) {
      checkedNanos = nowNanos;
      if (problem != null || !versions().equals(versions)) {
        read(nowNanos);
      }
    }
    ProfileFile file = current;
    if (file == null || problem != null) {
      throw new StoreException.Unauthorized(
          Objects.requireNonNullElse(problem, "no file was read"));
    }
    return file;
  }

  /** Whether a change was noticed within these nanoseconds: it may be still being written. */
  synchronized boolean changedWithin(long nanos) {
    return clock.getAsLong() - changedNanos < nanos;
  }

  /** What is wrong with the newest content, or null. */
  synchronized @Nullable String problem() {
    return problem;
  }

  private void read(long nowNanos) {
    // Before the content: a change in between is then met at the next look.
    List<@Nullable Version> seen = versions();
    if (!seen.equals(versions)) {
      changedNanos = nowNanos;
    }
    versions = seen;
    var files = ProfileFile.aggregator();
    problem = null;
    for (Source source : sources) {
      if (!source.required() && !Files.exists(source.path())) {
        continue;
      }
      try {
        files.addFile(ProfileFile.builder().content(source.path()).type(source.type()).build());
      } catch (RuntimeException e) {
        // The parser's message quotes the line, which may hold the secret: it goes no further.
        problem =
            Files.isReadable(source.path())
                ? "the file of credentials "
                    + source.path()
                    + " is not in the format of ~/.aws/"
                    + (source.type() == ProfileFile.Type.CREDENTIALS ? "credentials" : "config")
                : "the file of credentials " + source.path() + " can't be read";
        return;
      }
    }
    current = files.build();
  }

  private List<@Nullable Version> versions() {
    var found = new ArrayList<@Nullable Version>();
    for (Source source : sources) {
      found.add(version(source.path()));
    }
    return found;
  }

  /** Of what the name leads to, since Kubernetes replaces a link above the file. */
  private static @Nullable Version version(Path path) {
    try {
      var attributes = Files.readAttributes(path, BasicFileAttributes.class);
      return new Version(
          attributes.fileKey(),
          attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
          attributes.size());
    } catch (IOException e) {
      return null;
    }
  }
}
