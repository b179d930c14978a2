package dev.isthmus.blockdevice.support;

import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;

/**
 * Calls completions so that one that throws (a defect of the caller) harms no device: the exception
 * is logged and goes no further.
 */
public final class Completions {

  private static final System.Logger LOG = System.getLogger(Completions.class.getName());

  private Completions() {}

  /** Calls {@link IoCompletion#complete}. */
  public static void complete(IoCompletion completion, IoStatus status) {
    try {
      completion.complete(status);
    } catch (RuntimeException | Error e) {
      log(e);
    }
  }

  /** Calls {@link IoCompletion#completeMiscompare}. */
  public static void miscompare(IoCompletion completion, long firstDifferenceBytes) {
    try {
      completion.completeMiscompare(firstDifferenceBytes);
    } catch (RuntimeException | Error e) {
      log(e);
    }
  }

  private static void log(Throwable e) {
    LOG.log(System.Logger.Level.ERROR, "a completion threw; completions must not", e);
  }
}
