package dev.isthmus.blocktranslation.store.directory;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.PutBody;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A bucket as a directory of a POSIX file system:
 *
 * <pre>
 * ROOT/isthmus-bucket     marks the bucket; where it is missing nothing counts as absent
 * ROOT/objects/a/b/c      the object a/b/c, as {@link ObjectFile} says
 * ROOT/locks/00 … 3f      see {@link KeyLocks}
 * ROOT/tmp/NONCE          an object that is being written
 * </pre>
 *
 * <h2>How a put is atomic, durable and conditional</h2>
 *
 * The object is written to {@code tmp} and forced. <em>If absent</em>: {@code link(2)} to its name,
 * which fails if anything is there, so it needs no lock. <em>Always</em> and <em>if match</em>:
 * under the key's lock the tag there is compared and {@code rename(2)} replaces the file. Then the
 * directory is forced, and only then the put is answered. A reader has the old file open or the new
 * one, never a mixture. A delete takes the lock as well, so that no "if match" loses its object
 * between look and rename.
 *
 * <p>A crash before the link or rename leaves a file in {@code tmp}, which {@link #open} removes
 * once it is older than {@link #MAX_TEMPORARY_AGE}; removing one in use by mistake (clocks differ)
 * fails that put's attempt, nothing worse. A crash after it leaves an object that nobody was told
 * of, as a lost reply does.
 *
 * <p>Directories are never removed: a put would race with it. Where forcing a directory fails, the
 * bucket takes no more changes: a second fsync would report success for what the first one lost.
 *
 * <p>Threading: thread-safe, between processes too. Blocks.
 */
final class BucketDirectory {

  /** Far longer than any put takes, its deadline included. */
  static final Duration MAX_TEMPORARY_AGE = Duration.ofHours(24);

  private static final String MARKER = "isthmus-bucket";
  private static final String MARKER_TEXT = "isthmus bucket directory, version 1\n";

  /** Whether an attempt is still waited for; asked before it takes effect. */
  @FunctionalInterface
  interface Wanted {
    boolean isWanted();
  }

  private final Path marker;
  private final Path objects;
  private final Path temporary;
  private final String description;
  private final KeyLocks locks;
  private final DurableDirectories directories;
  private final ObjectLister lister;
  private final SecureRandom random = new SecureRandom();
  private volatile @Nullable IOException broken;

  private BucketDirectory(Path root) {
    this.marker = root.resolve(MARKER);
    this.objects = root.resolve("objects");
    this.temporary = root.resolve("tmp");
    this.description = "bucket+file://" + root;
    this.locks = new KeyLocks(root.resolve("locks"));
    this.directories = new DurableDirectories(root);
    this.lister = new ObjectLister(objects, ObjectFile::lengthBytes);
  }

  static BucketDirectory open(Path given) {
    try {
      if (!Files.exists(given)) {
        Files.createDirectory(given);
        Path parent = given.toRealPath().getParent();
        if (parent != null) {
          DurableDirectories.force(parent);
        }
      }
      Path root = given.toRealPath();
      if (!Files.exists(root.resolve(MARKER))) {
        checkEmpty(root);
      }
      var bucket = new BucketDirectory(root);
      bucket.directories.ensure(root.resolve("locks"));
      bucket.directories.ensure(bucket.objects);
      bucket.directories.ensure(bucket.temporary);
      if (!Files.exists(bucket.marker)) {
        Files.writeString(bucket.marker, MARKER_TEXT);
        DurableDirectories.force(root);
      }
      bucket.removeLeftovers();
      return bucket;
    } catch (NoSuchFileException | NotDirectoryException e) {
      throw new StoreException.Invalid(
          "bucket+file://" + given + ": no such directory, or it can't be one", e);
    } catch (IOException e) {
      throw new StoreException.Unavailable("bucket+file://" + given + ": " + e, 1, e);
    }
  }

  private static void checkEmpty(Path root) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        // The last four: another process is making the bucket at this moment.
        if (!name.equals("lost+found")
            && !name.equals("objects")
            && !name.equals("tmp")
            && !name.equals("locks")
            && !name.equals(MARKER)) {
          throw new StoreException.Invalid(
              "bucket+file://"
                  + root
                  + " holds other things ("
                  + name
                  + "): a bucket directory"
                  + " is one that Isthmus made, or an empty one");
        }
      }
    }
  }

  private void removeLeftovers() throws IOException {
    Instant limit = Instant.now().minus(MAX_TEMPORARY_AGE);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(temporary)) {
      for (Path entry : entries) {
        try {
          if (Files.getLastModifiedTime(entry, LinkOption.NOFOLLOW_LINKS)
              .toInstant()
              .isBefore(limit)) {
            Files.deleteIfExists(entry);
          }
        } catch (NoSuchFileException e) {
          // Its owner was quicker.
        }
      }
    }
  }

  String description() {
    return description;
  }

  private Path file(String key) {
    return objects.resolve(key);
  }

  private String what(String verb, String key) {
    return verb + " " + key + " at " + description;
  }

  StoredObject get(String key, ByteRange range) throws IOException {
    String what = what("GET", key);
    try (FileChannel channel = openObject(key)) {
      StoredObject object = ObjectFile.read(channel, range, what);
      directories.forceContentOnce(parent(key));
      return object;
    } catch (NoSuchFileException e) {
      checkThere(what);
      throw new StoreException.NotFound(what + ": no such object");
    }
  }

  private FileChannel openObject(String key) throws IOException {
    try {
      Path file = file(key);
      if (Files.isDirectory(file)) {
        throw new NoSuchFileException(file.toString());
      }
      return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    } catch (FileSystemException e) {
      // A key below an object's key: ENOTDIR, which Java has no class for.
      throw belowAnObject(key) ? new NoSuchFileException(e.getFile()) : e;
    }
  }

  private boolean belowAnObject(String key) {
    for (int slash = key.indexOf('/'); slash >= 0; slash = key.indexOf('/', slash + 1)) {
      if (Files.isRegularFile(file(key.substring(0, slash)), LinkOption.NOFOLLOW_LINKS)) {
        return true;
      }
    }
    return false;
  }

  /** Absent means absent only while the bucket itself is there (a file system may be unmounted). */
  private void checkThere(String what) {
    if (!Files.exists(marker)) {
      directories.forget();
      throw new StoreException.Unavailable(
          what + ": the bucket directory itself is gone; is its file system mounted?", 1, null);
    }
  }

  ETag put(String key, PutBody body, PutCondition condition, Wanted wanted) throws IOException {
    String what = what("PUT", key);
    checkSound(what);
    checkThere(what);
    byte[] nonce = new byte[16];
    random.nextBytes(nonce);
    Path from = temporary.resolve(HexFormat.of().formatHex(nonce));
    try {
      directories.ensure(parent(key));
      ETag etag = writeTemporary(from, body, nonce);
      publish(what, key, from, condition, wanted);
      return etag;
    } catch (NoSuchFileException e) {
      directories.forget();
      throw e;
    } catch (FileSystemException e) {
      if (belowAnObject(key) || Files.isDirectory(file(key))) {
        throw new StoreException.Invalid(
            what + ": it is part of another object's key, or that of it", e);
      }
      throw e;
    } finally {
      Files.deleteIfExists(from);
    }
  }

  private static ETag writeTemporary(Path file, PutBody body, byte[] nonce) throws IOException {
    try (var channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ETag etag = ObjectFile.write(channel, body, nonce);
      channel.force(true);
      return etag;
    }
  }

  private void publish(String what, String key, Path from, PutCondition condition, Wanted wanted)
      throws IOException {
    Path to = file(key);
    if (condition instanceof PutCondition.IfAbsent) {
      checkWanted(what, wanted);
      try {
        Files.createLink(to, from);
      } catch (FileAlreadyExistsException e) {
        if (Files.isDirectory(to)) {
          throw e;
        }
        // Whoever hears of the other object may build on it: it must be there after a power cut.
        force(what, parent(key));
        throw new StoreException.PreconditionFailed(what + ": an object is there", 1);
      }
      force(what, parent(key));
      return;
    }
    boolean _ =
        locks.holding(
            key,
            () -> {
              if (condition instanceof PutCondition.IfMatch match) {
                checkMatches(what, key, match.etag());
              }
              checkWanted(what, wanted);
              Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
              force(what, parent(key));
              return true;
            });
  }

  private void checkMatches(String what, String key, ETag expected) throws IOException {
    try (FileChannel channel = openObject(key)) {
      if (ObjectFile.readHeader(channel, what).etag().equals(expected)) {
        return;
      }
    } catch (NoSuchFileException e) {
      throw new StoreException.PreconditionFailed(what + ": no object is there", 1);
    }
    throw new StoreException.PreconditionFailed(what + ": the object there has another ETag", 1);
  }

  void delete(String key, Wanted wanted) throws IOException {
    String what = what("DELETE", key);
    checkSound(what);
    checkThere(what);
    if (Files.isDirectory(file(key), LinkOption.NOFOLLOW_LINKS) || belowAnObject(key)) {
      return;
    }
    boolean _ =
        locks.holding(
            key,
            () -> {
              checkWanted(what, wanted);
              if (Files.deleteIfExists(file(key))) {
                force(what, parent(key));
              }
              return true;
            });
  }

  ListPage list(String prefix, @Nullable String continuation, int maxKeys) throws IOException {
    checkThere(what("LIST", prefix));
    return lister.list(prefix, continuation, maxKeys);
  }

  private Path parent(String key) {
    int slash = key.lastIndexOf('/');
    return slash < 0 ? objects : objects.resolve(key.substring(0, slash));
  }

  private static void checkWanted(String what, Wanted wanted) {
    if (!wanted.isWanted()) {
      throw new StoreException.Timeout(what + ": given up before it took effect");
    }
  }

  private void force(String what, Path directory) throws IOException {
    checkSound(what);
    try {
      DurableDirectories.force(directory);
    } catch (IOException e) {
      broken = e;
      checkSound(what);
    }
  }

  private void checkSound(String what) {
    IOException e = broken;
    if (e != null) {
      throw new StoreException.Unavailable(
          what + ": the directory could not be forced to disk (" + e + "); reopen after a check",
          1,
          e);
    }
  }
}
