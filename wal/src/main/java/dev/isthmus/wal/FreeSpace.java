package dev.isthmus.wal;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What is free on the file system of a path, for decisions that a reservation confirms and for
 * people who have to make room. Immutable.
 *
 * @param fileSystem its mount point and device
 * @param usableBytes what this process may use, as the file system says
 * @param freeBytes the same with the blocks that it keeps for root
 */
record FreeSpace(String fileSystem, long usableBytes, long freeBytes) {

  /** The file system that {@code existing} lies on. */
  static FreeSpace at(Path existing) throws IOException {
    FileStore store = Files.getFileStore(existing);
    return new FreeSpace(store.toString(), store.getUsableSpace(), store.getUnallocatedSpace());
  }

  /**
   * Refuses what the file system surely has no room for, without taking its last blocks in a try.
   *
   * @throws Preallocation.NoSpaceException if {@code bytes} are not free
   */
  static void require(Path existing, long bytes) throws IOException {
    if (at(existing).freeBytes() < bytes) {
      throw noSpace(existing, bytes);
    }
  }

  /** Tells that {@code bytes} were not to be had, with where, how much is free, and what to do. */
  static Preallocation.NoSpaceException noSpace(Path existing, long bytes) {
    String free;
    try {
      FreeSpace now = at(existing);
      free =
          "the file system %s has %d bytes free".formatted(now.fileSystem(), now.usableBytes())
              + (now.usableBytes() < bytes ? "" : ", but a quota or the disk below it is used up");
    } catch (IOException e) {
      free = "its file system has too little free";
    }
    return new Preallocation.NoSpaceException(
        "the log in %s needs %d bytes for its next roll file and %s: make room there"
            .formatted(existing, bytes, free));
  }
}
