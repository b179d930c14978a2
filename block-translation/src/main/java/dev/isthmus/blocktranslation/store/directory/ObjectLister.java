package dev.isthmus.blocktranslation.store.directory;

import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ListPage.ListedObject;
import dev.isthmus.blocktranslation.store.ObjectKeys;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lists objects in the order of their keys: a walk of the tree that enters a directory only if keys
 * in it can be on the page. A directory's name counts with its slash, so that {@code a-b} comes
 * before {@code a/b} as it does in S3. Each page reads the directories that it touches wholly; the
 * continuation is the last key.
 *
 * <p>Threading: immutable; safe beside changes, which it sees or not.
 */
final class ObjectLister {

  /** How long an object is. */
  @FunctionalInterface
  interface Lengths {
    long lengthBytes(Path file) throws IOException;
  }

  private final Path objects;
  private final Lengths lengths;

  ObjectLister(Path objects, Lengths lengths) {
    this.objects = objects;
    this.lengths = lengths;
  }

  ListPage list(String prefix, @Nullable String continuation, int maxKeys) throws IOException {
    var page = new ArrayList<ListedObject>();
    int slash = prefix.lastIndexOf('/');
    String directory = slash < 0 ? "" : prefix.substring(0, slash + 1);
    // One more than asked for tells whether this page is the last.
    walk(directory, prefix, continuation == null ? "" : continuation, maxKeys + 1, page);
    if (page.size() <= maxKeys) {
      return new ListPage(page, null);
    }
    page.removeLast();
    return new ListPage(page, page.getLast().key());
  }

  /**
   * Adds keys in {@code directory}, which is empty or ends with a slash.
   *
   * @param after only keys above this one
   */
  private void walk(
      String directory, String prefix, String after, int maxKeys, List<ListedObject> page)
      throws IOException {
    for (String key : sortedEntries(directory)) {
      if (page.size() == maxKeys) {
        return;
      }
      if (key.endsWith("/")) {
        boolean mayHold = key.startsWith(prefix) || prefix.startsWith(key);
        boolean mayFollow = key.compareTo(after) > 0 || after.startsWith(key);
        if (mayHold && mayFollow) {
          walk(key, prefix, after, maxKeys, page);
        }
      } else if (key.startsWith(prefix) && key.compareTo(after) > 0) {
        addObject(key, page);
      }
    }
  }

  private void addObject(String key, List<ListedObject> page) throws IOException {
    try {
      page.add(new ListedObject(key, lengths.lengthBytes(objects.resolve(key))));
    } catch (NoSuchFileException e) {
      // Deleted since its name was read.
    }
  }

  private List<String> sortedEntries(String directory) throws IOException {
    var keys = new ArrayList<String>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(objects.resolve(directory))) {
      for (Path entry : entries) {
        String key = directory + entry.getFileName();
        if (ObjectKeys.problem(key) != null) {
          continue;
        }
        BasicFileAttributes attributes =
            Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isDirectory()) {
          keys.add(key + "/");
        } else if (attributes.isRegularFile()) {
          keys.add(key);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    keys.sort(null);
    return keys;
  }
}
