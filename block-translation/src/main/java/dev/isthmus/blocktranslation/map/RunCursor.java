package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a run, read part by part in chunks of pages, one chunk ahead. {@link #cutBefore}
 * shortens the current one from its front.
 */
final class RunCursor extends EntrySource {

  /**
   * 256 KiB: two of them for each of {@link MapSettings#MAX_RUNS} runs stay below 128 MiB, and 8
   * runs at 4 MiB.
   */
  private static final int CHUNK_PAGES = 64;

  private final List<PartInfo> parts;
  private final PageSource pages;
  private int nextPart;
  private int nextPage;
  private @Nullable CompletableFuture<Page[]> ahead;
  private Page[] chunk = new Page[0];
  private int chunkPage;
  private int entry;
  private long end;

  RunCursor(List<PartInfo> parts, PageSource pages) {
    this.parts = parts;
    this.pages = pages;
    this.ahead = readChunk();
  }

  /** Reads the next chunk, decoded on the thread that completes the read; null at the end. */
  private @Nullable CompletableFuture<Page[]> readChunk() {
    if (nextPart == parts.size()) {
      return null;
    }
    PartInfo part = parts.get(nextPart);
    int first = nextPage;
    int count = Math.min(CHUNK_PAGES, part.pageCount() - first);
    nextPage += count;
    if (nextPage == part.pageCount()) {
      nextPart++;
      nextPage = 0;
    }
    long offset = PartLayout.HEADER_BYTES + (long) first * PartLayout.PAGE_BYTES;
    return PartReads.readChecked(
        pages,
        part,
        offset,
        count * PartLayout.PAGE_BYTES,
        bytes -> decode(part, first, count, bytes));
  }

  private static Page[] decode(PartInfo part, int first, int count, MemorySegment bytes) {
    var decoded = new Page[count];
    for (int i = 0; i < count; i++) {
      decoded[i] = Page.decode(part, first + i, bytes, (long) i * PartLayout.PAGE_BYTES);
    }
    return decoded;
  }

  @Override
  Step advance() {
    while (chunkPage == chunk.length || entry == chunk[chunkPage].words.length) {
      if (chunkPage < chunk.length) {
        chunkPage++;
        entry = 0;
        continue;
      }
      if (ahead == null) {
        return Step.END;
      }
      if (!ahead.isDone()) {
        return Step.BLOCKED;
      }
      try {
        chunk = ahead.join();
      } catch (CompletionException e) {
        throw PartReads.failure(e);
      }
      chunkPage = 0;
      entry = 0;
      ahead = readChunk();
    }
    long[] words = chunk[chunkPage].words;
    sector = words[entry];
    lengths = words[entry + 1];
    segment = words[entry + 2];
    place = words[entry + 3];
    entry += 4;
    if (sector < end) {
      throw new DeviceException.Corrupt(
          "the run of the map that begins with part %s: its pages are not in order at sector %d"
              .formatted(parts.getFirst().name().key(), sector));
    }
    end = sector + EntryWords.count(lengths);
    return Step.READY;
  }

  @Override
  @Nullable CompletableFuture<?> blocker() {
    return ahead;
  }

  /** End of the current entry. */
  long end() {
    return end;
  }

  /** Drops what the current entry says before {@code from}, which lies within it. */
  void cutBefore(long from) {
    place = EntryWords.skip(segment, place, from - sector);
    lengths = EntryWords.withCount(lengths, end - from);
    sector = from;
  }
}
