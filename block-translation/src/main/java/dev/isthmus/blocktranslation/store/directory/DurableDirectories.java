package dev.isthmus.blocktranslation.store.directory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Directories whose own entries survive a power cut: each level's parent was forced, by this store,
 * before anything in it is acknowledged, also where another process made it and may not have forced
 * it yet.
 *
 * <p>Threading: thread-safe.
 */
final class DurableDirectories {

  /** Directories remembered; beyond that all are forgotten and forced anew. */
  private static final int MAX_KNOWN = 16_384;

  private final Path root;
  private final Set<Path> known = ConcurrentHashMap.newKeySet();
  private final Set<Path> contentForced = ConcurrentHashMap.newKeySet();

  /** Below {@code root}, which exists and is durable. */
  DurableDirectories(Path root) {
    this.root = root;
  }

  /** Creates {@code directory} and its parents up to the root as needed, and makes them durable. */
  void ensure(Path directory) throws IOException {
    if (directory.equals(root) || known.contains(directory)) {
      return;
    }
    Path parent = directory.getParent();
    if (parent == null || !directory.startsWith(root)) {
      throw new IOException(directory + " is not below " + root);
    }
    ensure(parent);
    try {
      Files.createDirectory(directory);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
    force(parent);
    remember(known, directory);
  }

  /**
   * Forces the entries of {@code directory} once in the life of this store: what a process that
   * crashed left visible but not durable is durable before it is believed.
   */
  void forceContentOnce(Path directory) throws IOException {
    if (!contentForced.contains(directory)) {
      force(directory);
      remember(contentForced, directory);
    }
  }

  private static void remember(Set<Path> set, Path directory) {
    if (set.size() >= MAX_KNOWN) {
      set.clear();
    }
    set.add(directory);
  }

  /** Somebody removed directories behind our back: know nothing any more. */
  void forget() {
    known.clear();
    contentForced.clear();
  }

  /** Makes the entries of {@code directory} durable. */
  static void force(Path directory) throws IOException {
    try (var channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
