package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Reads indexes and pages into the cache, each once for all look-ups that wait for it. Threading:
 * confined to the engine thread; bytes are checked on the thread that completes a read.
 */
final class PartLoads {

  /** Most pages of one read: 256 KiB, what a wide look-up reads ahead at once. */
  private static final int MAX_PAGES = 64;

  private static final int INDEX = -1;

  private record Key(Part part, int page) {}

  private final PageSource pages;
  private final Executor engineThread;
  private final PartCache cache;
  private final Map<Key, List<Lookup>> waiting = new HashMap<>();
  long pageLoads;
  long indexLoads;

  PartLoads(PageSource pages, Executor engineThread, PartCache cache) {
    this.pages = pages;
    this.engineThread = engineThread;
    this.cache = cache;
  }

  /** Resumes the look-up once the part's index is there. */
  void awaitIndex(Part part, boolean withFilters, Lookup lookup) {
    var key = new Key(part, INDEX);
    List<Lookup> others = waiting.get(key);
    if (others != null) {
      others.add(lookup);
      return;
    }
    waiting.put(key, new ArrayList<>(List.of(lookup)));
    indexLoads++;
    int pageCount = part.info.pageCount();
    int length =
        withFilters ? PartLayout.indexLength(pageCount) : PartLayout.firstsLength(pageCount);
    // What goes wrong behind the read is the engine thread's to report.
    var _ =
        PartReads.readChecked(
                pages,
                part.info,
                PartLayout.indexOffset(pageCount),
                length,
                bytes -> PartIndex.decode(part.info, bytes))
            .whenComplete(
                (index, thrown) -> engineThread.execute(() -> indexRead(key, index, thrown)));
  }

  private void indexRead(Key key, @Nullable PartIndex index, @Nullable Throwable thrown) {
    List<Lookup> lookups = waiting.remove(key);
    if (index != null && key.part().index == null) {
      cache.add(key.part(), index);
    }
    resume(lookups, key.part(), index, null, thrown);
  }

  /**
   * Resumes the look-up once a page is there.
   *
   * @param lastPage pages up to this one are wanted soon and read with it, as far as they are
   *     missing
   */
  void awaitPage(Part part, PartIndex index, int page, int lastPage, Lookup lookup) {
    List<Lookup> others = waiting.get(new Key(part, page));
    if (others != null) {
      others.add(lookup);
      return;
    }
    int end = page;
    int limit = Math.min(lastPage, page + MAX_PAGES - 1);
    do {
      waiting.put(new Key(part, end), new ArrayList<>());
      end++;
    } while (end <= limit && index.pages[end] == null && !waiting.containsKey(new Key(part, end)));
    waiting.getOrDefault(new Key(part, page), List.of()).add(lookup);
    int count = end - page;
    pageLoads += count;
    long offset = PartLayout.HEADER_BYTES + (long) page * PartLayout.PAGE_BYTES;
    // What goes wrong behind the read is the engine thread's to report.
    var _ =
        PartReads.readChecked(
                pages,
                part.info,
                offset,
                count * PartLayout.PAGE_BYTES,
                bytes -> decode(part, index, page, count, bytes))
            .whenComplete((read, thrown) ->
                engineThread.execute(() -> pagesRead(part, index, page, count, read, thrown)));
  }

  private static Page[] decode(
      Part part, PartIndex index, int first, int count, MemorySegment bytes) {
    var decoded = new Page[count];
    for (int i = 0; i < count; i++) {
      int number = first + i;
      Page page = Page.decode(part.info, number, bytes, (long) i * PartLayout.PAGE_BYTES);
      int entries = page.words.length;
      long end = page.words[entries - 4] + EntryWords.count(page.words[entries - 3]);
      long limit =
          number + 1 < index.firsts.length ? index.firsts[number + 1] : part.info.endSector();
      if (page.words[0] != index.firsts[number] || end > limit) {
        throw Page.corrupt(part.info, number, "it is not where the index says");
      }
      decoded[i] = page;
    }
    return decoded;
  }

  private void pagesRead(
      Part part,
      PartIndex index,
      int first,
      int count,
      Page @Nullable [] read,
      @Nullable Throwable thrown) {
    for (int i = 0; i < count; i++) {
      List<Lookup> lookups = waiting.remove(new Key(part, first + i));
      Page page = read == null ? null : read[i];
      // The index may have been dropped, or read anew, meanwhile.
      if (page != null && part.index == index && index.pages[first + i] == null) {
        cache.add(part, index, page);
      }
      resume(lookups, part, index, page, thrown);
    }
  }

  private static void resume(
      @Nullable List<Lookup> lookups,
      Part part,
      @Nullable PartIndex index,
      @Nullable Page page,
      @Nullable Throwable thrown) {
    if (lookups == null) {
      return;
    }
    DeviceException failure = thrown == null ? null : PartReads.failure(thrown);
    for (Lookup lookup : lookups) {
      if (failure != null || index == null) {
        lookup.fail(
            failure != null ? failure : new DeviceException.Internal("a read without a result"));
      } else {
        lookup.resume(part, index, page);
      }
    }
  }
}
