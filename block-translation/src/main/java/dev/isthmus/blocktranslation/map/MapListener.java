package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.List;

/** Hears of the map's background work, on the engine thread. */
public interface MapListener {

  /** A memtable was written out or a merge installed: {@link BlockMap#congested()} may be over. */
  void workDone();

  /**
   * The map no longer refers to these parts (merged away, or left over from work that failed, in
   * which case they may not exist): they belong on the doomed list of the next checkpoint.
   */
  void partsDropped(List<PartInfo> parts);

  /**
   * Merging met damage in the bucket. The runs in question are merged no more while this map is
   * open, and everything else goes on; look-ups that need what is damaged fail {@code Corrupt}.
   *
   * @param runs how many, beyond those told before
   * @param why names the part and what is wrong
   */
  void runsDamaged(int runs, DeviceException why);

  /**
   * Writing out or merging failed otherwise. Nothing is lost and nothing is retried by itself: call
   * {@link BlockMap#retryWork()} when it may succeed.
   */
  void workFailed(DeviceException failure);
}
