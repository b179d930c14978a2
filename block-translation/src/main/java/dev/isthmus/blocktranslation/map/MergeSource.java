package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Several runs as one: of two entries for a sector the newer wins, and the older one's sectors are
 * counted as hidden.
 *
 * <p>The cursors' current entries never lie before the last sector told. The one that begins first
 * is told (of two the newer) up to where a newer one begins; all that it hides of older ones is cut
 * away at once. So each sector of each entry is either told or counted, exactly once.
 */
final class MergeSource extends EntrySource {

  private final RunCursor[] cursors;
  private final boolean[] ended;
  private final boolean dropZeroes;
  private final SegmentCounts hidden = new SegmentCounts();

  /** Cursors that used up their entry, as a stack and as marks. */
  private final int[] waiting;

  private final boolean[] isWaiting;
  private int waitingCount;

  /** The cursor whose run turned out damaged, or -1. */
  private int damaged = -1;

  /** Sectors before this one are told: older entries there are hidden. */
  private long hideUntil;

  /**
   * @param newestFirst the runs
   * @param dropZeroes whether the oldest run of the map is among them
   */
  MergeSource(List<RunCursor> newestFirst, boolean dropZeroes) {
    this.cursors = newestFirst.toArray(RunCursor[]::new);
    this.ended = new boolean[cursors.length];
    this.dropZeroes = dropZeroes;
    this.waiting = new int[cursors.length];
    this.isWaiting = new boolean[cursors.length];
    for (int i = 0; i < cursors.length; i++) {
      await(i);
    }
  }

  @Override
  Step advance() {
    while (true) {
      if (!settle()) {
        return Step.BLOCKED;
      }
      int first = firstCursor();
      if (first < 0) {
        return Step.END;
      }
      RunCursor cursor = cursors[first];
      long cut = cursor.end();
      for (int newer = 0; newer < first; newer++) {
        if (!ended[newer] && cursors[newer].sector < cut) {
          cut = cursors[newer].sector;
        }
      }
      sector = cursor.sector;
      lengths = EntryWords.withCount(cursor.lengths, cut - sector);
      segment = cursor.segment;
      place = cursor.place;
      consume(first, cut, false);
      hideUntil = cut;
      for (int older = first + 1; older < cursors.length; older++) {
        hide(older);
      }
      if (segment != 0 || !dropZeroes) {
        return Step.READY;
      }
    }
  }

  /** Advances the cursors that used up their entry; false if one has to wait for a read. */
  private boolean settle() {
    while (waitingCount > 0) {
      int index = waiting[waitingCount - 1];
      EntrySource.Step step = advance(index);
      if (step == Step.BLOCKED) {
        return false;
      }
      waitingCount--;
      isWaiting[index] = false;
      if (step == Step.END) {
        ended[index] = true;
      } else {
        hide(index);
      }
    }
    return true;
  }

  private EntrySource.Step advance(int index) {
    try {
      return cursors[index].advance();
    } catch (DeviceException.Corrupt e) {
      damaged = index;
      throw e;
    }
  }

  /** Which of the runs {@link #advance()} failed for, being damaged; -1 if that is not why. */
  int damagedRun() {
    return damaged;
  }

  /** Cuts away and counts what the current entry of a cursor says of sectors already told. */
  private void hide(int index) {
    RunCursor cursor = cursors[index];
    if (ended[index] || isWaiting[index] || cursor.sector >= hideUntil) {
      return;
    }
    consume(index, Math.min(cursor.end(), hideUntil), true);
  }

  private void consume(int index, long until, boolean count) {
    RunCursor cursor = cursors[index];
    if (count && cursor.segment != 0 && EntryWords.source(cursor.place) == 0) {
      hidden.add(cursor.segment, until - cursor.sector);
    }
    if (until == cursor.end()) {
      await(index);
    } else {
      cursor.cutBefore(until);
    }
  }

  private void await(int index) {
    waiting[waitingCount++] = index;
    isWaiting[index] = true;
  }

  private int firstCursor() {
    int first = -1;
    for (int i = 0; i < cursors.length; i++) {
      if (!ended[i] && (first < 0 || cursors[i].sector < cursors[first].sector)) {
        first = i;
      }
    }
    return first;
  }

  @Override
  @Nullable CompletableFuture<?> blocker() {
    return waitingCount == 0 ? null : cursors[waiting[waitingCount - 1]].blocker();
  }

  @Override
  void forEachHidden(SegmentCounts.Action action) {
    hidden.forEach(action);
  }
}
