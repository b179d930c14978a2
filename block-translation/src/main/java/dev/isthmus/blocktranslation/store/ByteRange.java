package dev.isthmus.blocktranslation.store;

/** Which bytes of an object to get. Immutable. */
public sealed interface ByteRange {

  /** All of it, refused if longer than {@code maxBytes}. */
  record Whole(int maxBytes) implements ByteRange {
    public Whole {
      checkLength(maxBytes);
    }
  }

  /** {@code lengthBytes} from {@code offsetBytes}; fewer if the object ends before. */
  record Span(long offsetBytes, int lengthBytes) implements ByteRange {
    public Span {
      checkLength(lengthBytes);
      if (offsetBytes < 0 || offsetBytes > Long.MAX_VALUE - lengthBytes) {
        throw new IllegalArgumentException("offset " + offsetBytes);
      }
    }
  }

  /** The last {@code lengthBytes}; all of a shorter object. */
  record Tail(int lengthBytes) implements ByteRange {
    public Tail {
      checkLength(lengthBytes);
    }
  }

  static ByteRange whole(int maxBytes) {
    return new Whole(maxBytes);
  }

  static ByteRange span(long offsetBytes, int lengthBytes) {
    return new Span(offsetBytes, lengthBytes);
  }

  static ByteRange tail(int lengthBytes) {
    return new Tail(lengthBytes);
  }

  /** Most bytes that this range can yield: what a reader has to have room for. */
  default int maxLengthBytes() {
    return switch (this) {
      case Whole w -> w.maxBytes();
      case Span s -> s.lengthBytes();
      case Tail t -> t.lengthBytes();
    };
  }

  private static void checkLength(int lengthBytes) {
    if (lengthBytes < 1 || lengthBytes > ObjectStore.MAX_OBJECT_BYTES) {
      throw new IllegalArgumentException(
          "length " + lengthBytes + " is not in 1.." + ObjectStore.MAX_OBJECT_BYTES);
    }
  }
}
