package dev.isthmus.blocktranslation.store;

import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Reads that are made again before what they bring counts as damaged where it lies: a reply can be
 * damaged on its way, or come from a bad copy, where the object is whole. Stateless.
 */
public final class Rereads {

  /**
   * Most reads of one thing. A network that spoils one reply in fifty must not cost a disk its
   * data's good name.
   */
  public static final int MOST = 4;

  private Rereads() {}

  /**
   * Reads, and reads again at once while that fails for damage, {@link #MOST} times in all.
   *
   * @param read one read with its checks
   * @param isDamage whether a read that failed so is worth another; given what the future threw
   */
  public static <T> CompletableFuture<T> whileDamaged(
      Supplier<CompletableFuture<T>> read, Predicate<Throwable> isDamage) {
    return whileDamaged(read, isDamage, MOST);
  }

  private static <T> CompletableFuture<T> whileDamaged(
      Supplier<CompletableFuture<T>> read, Predicate<Throwable> isDamage, int reads) {
    return read.get()
        .exceptionallyCompose(thrown ->
            reads > 1 && isDamage.test(thrown)
                ? whileDamaged(read, isDamage, reads - 1)
                : CompletableFuture.failedFuture(thrown));
  }
}
