package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;

/**
 * Hears what a look-up found: {@link #extent} for each piece, ascending, together exactly the range
 * asked for; then {@link #done} – or {@link #failed} alone, before any piece. Called on the engine
 * thread; may call the map again.
 */
public interface LookupHandler {

  /** One piece; what no run names comes as zeroes. */
  void extent(Extent piece);

  /** All pieces were told. */
  void done();

  /**
   * The map could not be read: {@code Corrupt} for a page that fails its checks, else what the
   * {@link PageSource} failed with.
   */
  void failed(DeviceException failure);
}
