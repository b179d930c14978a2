package dev.isthmus.blocktranslation;

/**
 * Notices who reads sequentially and says what to fetch for them. Threading: confined to the
 * volume's loop.
 */
final class ReadAhead {

  /** Readers followed at once; the one that was idle longest makes room. */
  private static final int MAX_STREAMS = 8;

  /** Reads in a row before anything is fetched ahead: two random neighbours are no stream. */
  private static final int MIN_READS = 3;

  /** How far ahead of a reader the cache is filled: 4 MiB hide 30 ms at 128 MB/s. */
  private static final long WINDOW_BYTES = 4 << 20;

  /** Hears of a range to fetch. */
  interface Advice {
    void fetch(long offsetBytes, long lengthBytes);
  }

  private static final class Stream {
    long nextOffset;
    long fetchedTo;
    int reads;
    long usedAt;
  }

  private final Stream[] streams = new Stream[MAX_STREAMS];
  private final long windowBytes;
  private long clock;

  /**
   * @param cacheBytes what is fetched must stay until it is read: all streams take half at most
   */
  ReadAhead(long cacheBytes) {
    windowBytes = Math.min(WINDOW_BYTES, cacheBytes / 2 / MAX_STREAMS) / 4096 * 4096;
    for (int i = 0; i < MAX_STREAMS; i++) {
      streams[i] = new Stream();
      streams[i].nextOffset = -1;
    }
  }

  /** A read happened; {@code advice} is called if something should be fetched ahead of the next. */
  void advised(long offsetBytes, long lengthBytes, long sizeBytes, Advice advice) {
    Stream stream = streams[0];
    for (Stream candidate : streams) {
      if (candidate.nextOffset == offsetBytes) {
        stream = candidate;
        break;
      }
      if (candidate.usedAt < stream.usedAt) {
        stream = candidate;
      }
    }
    long end = offsetBytes + lengthBytes;
    stream.usedAt = ++clock;
    if (stream.nextOffset != offsetBytes) {
      stream.reads = 0;
      stream.fetchedTo = end;
    }
    stream.nextOffset = end;
    stream.reads++;
    long from = Math.max(stream.fetchedTo, end);
    // In halves of the window, so that a request is worth its price.
    if (stream.reads >= MIN_READS && windowBytes > 0 && from - end <= windowBytes / 2) {
      long to = Math.min(sizeBytes, end + windowBytes);
      if (to > from) {
        stream.fetchedTo = to;
        advice.fetch(from, to - from);
      }
    }
  }
}
