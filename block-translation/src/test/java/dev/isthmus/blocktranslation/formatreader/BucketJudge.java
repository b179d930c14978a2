package dev.isthmus.blocktranslation.formatreader;

import java.util.Map;

/** The reader of the format as others use it. Threading: stateless. */
public final class BucketJudge {

  /**
   * What a bucket alone holds of a volume.
   *
   * @param lastLsn the newest LSN of the prefix
   * @param disk the content after it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Found(long lastLsn, byte[] disk) {}

  private BucketJudge() {}

  /**
   * Reads everything, by docs/FORMAT.md alone.
   *
   * @param objects by key without {@code PREFIX/VOLUME/}
   * @throws DamageException at the first thing that is not as the page says
   */
  public static Found judge(Map<String, byte[]> objects) {
    FormatReader.Verdict verdict = FormatReader.judge(new ObjectView(objects));
    return new Found(verdict.end().lastLsn(), verdict.disk().toBytes());
  }
}
