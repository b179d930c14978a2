package dev.isthmus.blocktranslation.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what takes effect in a {@link FakeBucket}: bytes in files, the order in marks elsewhere. So
 * the bucket of any moment can be made again, and of the very moment at which a disk lost power if
 * the marks stand in that disk's record.
 *
 * <p>Threading: called under the bucket's monitor, so that an effect is marked before anybody sees
 * it.
 */
public final class BucketJournal implements FakeBucket.EffectListener {

  private static final String PUT = "PUT";
  private static final String DELETE = "DELETE";

  private final Path directory;
  private final Consumer<String> marks;
  private int puts;

  /**
   * @param directory for the bytes; a new one for each journal
   * @param marks takes one mark, and returns when it has its place in the order
   */
  public BucketJournal(Path directory, Consumer<String> marks) {
    this.directory = directory;
    this.marks = marks;
  }

  @Override
  public void tookEffect(FakeBucket.Effect effect, byte @Nullable [] bytes) {
    if (!effect.won()) {
      return;
    }
    if (bytes == null) {
      marks.accept(DELETE + " " + effect.key());
      return;
    }
    int number = ++puts;
    try {
      Files.write(directory.resolve(Integer.toString(number)), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    marks.accept(PUT + " " + number + " " + effect.key());
  }

  /** Makes those of {@code marks} that are of a journal in {@code directory} take effect again. */
  public static void replay(Path directory, List<String> marks, FakeBucket bucket)
      throws IOException {
    for (String mark : marks) {
      String[] words = mark.split(" ", 3);
      switch (words[0]) {
        case PUT -> {
          byte[] bytes = Files.readAllBytes(directory.resolve(words[1]));
          ETag _ = bucket.put(words[2], bytes, PutCondition.always());
        }
        case DELETE -> bucket.delete(words[1]);
        default -> {
          // Somebody else's mark.
        }
      }
    }
  }
}
