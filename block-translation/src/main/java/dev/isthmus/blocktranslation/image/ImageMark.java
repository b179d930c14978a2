package dev.isthmus.blocktranslation.image;

/**
 * What of an image is written and forced, and by what it is known again. A name alone does not do:
 * another file or disk may have it by now. Immutable.
 *
 * @param target which file or device it is, in words that no other one shares; empty for none yet
 * @param doneBytes of the image, from its beginning
 * @param tailCrc CRC-32C of the last {@link #TAIL_BYTES} of those, or of as many as there are
 */
public record ImageMark(String target, long doneBytes, int tailCrc) {

  /** Little enough to be read back at each mark. */
  static final int TAIL_BYTES = 1 << 20;

  /** Nothing is written, and nowhere. */
  public static final ImageMark NONE = new ImageMark("", 0, 0);

  public ImageMark {
    if (doneBytes < 0 || doneBytes % 512 != 0) {
      throw new IllegalArgumentException(doneBytes + " bytes done");
    }
    if (target.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("a line break");
    }
  }

  /** The same file or device, and nothing of it is to be kept. */
  public ImageMark begunAnew() {
    return new ImageMark(target, 0, 0);
  }
}
