package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One look-up under way: what memtables left open is asked of the runs, newest first, page by page.
 *
 * <p>It holds the runs of the moment it began, so what is put or merged meanwhile changes nothing.
 * An index or page that it waited for is handed to it: a cache too small to keep it can't make it
 * wait again. Threading: confined to the engine thread.
 */
final class Lookup implements IntervalMap.Pieces<Extent> {

  private final long sector;
  private final long endSector;
  private final LookupHandler handler;
  private final Run[] runs;
  private final PartLoads loads;
  private final BlockMap map;

  private final List<Extent> found = new ArrayList<>();
  private Gaps gaps = new Gaps();
  private Gaps nextGaps = new Gaps();
  private int run;
  private int gap;
  private long position;

  private @Nullable Part handedPart;
  private @Nullable PartIndex handedIndex;
  private @Nullable Page handedPage;

  private boolean stepping;
  private boolean resumed;
  private boolean finished;

  Lookup(
      long sector,
      long endSector,
      LookupHandler handler,
      Run[] runs,
      PartLoads loads,
      BlockMap map) {
    this.sector = sector;
    this.endSector = endSector;
    this.handler = handler;
    this.runs = runs;
    this.loads = loads;
    this.map = map;
    nextGaps.add(sector, endSector);
  }

  /** Asks a memtable, newest first, for what is open. */
  void ask(IntervalMap<Extent> table) {
    if (table.isEmpty()) {
      return;
    }
    Gaps open = swapGaps();
    for (int i = 0; i < open.count; i++) {
      table.lookup(open.from(i), open.to(i) - open.from(i), this);
    }
  }

  @Override
  public void piece(Extent value) {
    found.add(value);
  }

  @Override
  public void gap(long from, long sectorCount) {
    nextGaps.add(from, from + sectorCount);
  }

  /** The gaps found so far become those to ask for. */
  private Gaps swapGaps() {
    Gaps open = nextGaps;
    nextGaps = gaps;
    nextGaps.count = 0;
    gaps = open;
    return open;
  }

  /** Asks the runs: true if the handler has its answer. */
  boolean start() {
    swapGaps();
    step();
    return finished;
  }

  /** What it waited for is there. */
  void resume(Part part, PartIndex index, @Nullable Page page) {
    handedPart = part;
    handedIndex = index;
    handedPage = page;
    if (stepping) {
      // The read completed at once: the loop below goes on, instead of one level deeper each time.
      resumed = true;
    } else {
      step();
    }
  }

  void fail(DeviceException failure) {
    if (!finished) {
      finished = true;
      map.lookupEnded(this);
      handler.failed(failure);
    }
  }

  private void step() {
    stepping = true;
    boolean complete;
    do {
      resumed = false;
      complete = !finished && askRuns();
    } while (!complete && resumed && !finished);
    stepping = false;
    if (complete) {
      finished = true;
      map.lookupEnded(this);
      tell();
    }
  }

  /** Whether nothing is open any more; else a read is under way. */
  private boolean askRuns() {
    while (run < runs.length && gaps.count > 0) {
      while (gap < gaps.count) {
        position = Math.max(position, gaps.from(gap));
        if (!askRun(runs[run], gaps.to(gap))) {
          return false;
        }
        gap++;
      }
      swapGaps();
      run++;
      gap = 0;
      position = 0;
    }
    return true;
  }

  private boolean askRun(Run asked, long to) {
    for (int i = asked.firstEndingAfter(position); position < to; i++) {
      Part part = i < asked.parts.size() ? asked.parts.get(i) : null;
      if (part == null || part.info.firstSector() >= to) {
        leaveOpen(to);
        return true;
      }
      if (part.info.firstSector() > position) {
        leaveOpen(part.info.firstSector());
      }
      if (!askPart(part, Math.min(to, part.info.endSector()))) {
        return false;
      }
    }
    return true;
  }

  private void leaveOpen(long to) {
    nextGaps.add(position, to);
    position = to;
  }

  private boolean askPart(Part part, long to) {
    PartIndex index = part.index;
    if (index == null && handedPart == part) {
      index = handedIndex;
    }
    if (index == null) {
      // The oldest run names nearly every sector ever written: its filters would say yes.
      loads.awaitIndex(part, run < runs.length - 1, this);
      return false;
    }
    PartCache.touch(index);
    int number = index.pageOf(position);
    for (; position < to; number++) {
      boolean last = number + 1 == index.firsts.length;
      long pageEnd = last ? to : Math.min(to, index.firsts[number + 1]);
      long[] filters = index.filters;
      if (filters != null
          && !PageFilter.mayTouch(filters, number * PageFilter.WORDS, position, pageEnd)) {
        map.filterSkips++;
        leaveOpen(pageEnd);
        continue;
      }
      Page page = index.pages[number];
      if (page == null) {
        page = handed(part, number);
        if (page == null) {
          loads.awaitPage(part, index, number, index.pageOf(to - 1), this);
          return false;
        }
      } else {
        map.pageHits++;
        PartCache.touch(page);
      }
      askPage(page, pageEnd);
    }
    return true;
  }

  private @Nullable Page handed(Part part, int number) {
    Page page = handedPage;
    return handedPart == part && page != null && page.number == number ? page : null;
  }

  private void askPage(Page page, long to) {
    long[] words = page.words;
    for (int i = 4 * page.firstEndingAfter(position); position < to; i += 4) {
      long from = i < words.length ? words[i] : to;
      if (from >= to) {
        leaveOpen(to);
        return;
      }
      if (from > position) {
        leaveOpen(from);
      }
      long end = Math.min(to, from + EntryWords.count(words[i + 1]));
      found.add(
          EntryWords.extent(
              from, words[i + 1], words[i + 2], words[i + 3], position, end - position));
      position = end;
    }
  }

  private void tell() {
    if (found.size() > 1) {
      found.sort(Comparator.comparingLong(Extent::sector));
    }
    long told = sector;
    Extent zeroes = null;
    for (Extent piece : found) {
      if (piece.sector() > told) {
        zeroes = joinZeroes(zeroes, told, piece.sector());
      }
      if (piece.isZeroes()) {
        zeroes = joinZeroes(zeroes, piece.sector(), piece.endSector());
      } else {
        if (zeroes != null) {
          handler.extent(zeroes);
          zeroes = null;
        }
        handler.extent(piece);
      }
      told = piece.endSector();
    }
    if (told < endSector) {
      zeroes = joinZeroes(zeroes, told, endSector);
    }
    if (zeroes != null) {
      handler.extent(zeroes);
    }
    handler.done();
  }

  private static Extent joinZeroes(@Nullable Extent before, long from, long to) {
    return before == null
        ? Extent.zeroes(from, to - from)
        : Extent.zeroes(before.sector(), to - before.sector());
  }

  /** Ranges in ascending order; neighbours become one. */
  private static final class Gaps {
    private long[] bounds = new long[8];
    int count;

    long from(int index) {
      return bounds[2 * index];
    }

    long to(int index) {
      return bounds[2 * index + 1];
    }

    void add(long from, long to) {
      if (count > 0 && bounds[2 * count - 1] == from) {
        bounds[2 * count - 1] = to;
        return;
      }
      if (2 * count == bounds.length) {
        bounds = java.util.Arrays.copyOf(bounds, 2 * bounds.length);
      }
      bounds[2 * count] = from;
      bounds[2 * count + 1] = to;
      count++;
    }
  }
}
