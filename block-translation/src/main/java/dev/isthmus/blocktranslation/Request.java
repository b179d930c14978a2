package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.support.Completions;

/**
 * One command on its way through a volume; as a task of the loop it hands itself in. Threading:
 * created by the submitter, then confined to the loop.
 */
final class Request implements Runnable {

  private final VolumeCore core;
  private final IoCommand command;
  private final IoCompletion completion;
  private final long submittedNanos;
  private boolean finished;

  Request(VolumeCore core, IoCommand command, IoCompletion completion, long submittedNanos) {
    this.core = core;
    this.command = command;
    this.completion = completion;
    this.submittedNanos = submittedNanos;
  }

  @Override
  public void run() {
    try {
      core.handle(this);
    } catch (Throwable e) {
      // Whoever submitted it hears of its end, whatever becomes of the volume.
      finish(IoStatus.INTERNAL);
      throw e;
    }
  }

  IoCommand command() {
    return command;
  }

  long submittedNanos() {
    return submittedNanos;
  }

  boolean isCancelled() {
    return completion.isCancelled();
  }

  void finish(IoStatus status) {
    if (end()) {
      Completions.complete(completion, status);
    }
  }

  void finishMiscompare(long firstDifferenceBytes) {
    if (end()) {
      Completions.miscompare(completion, firstDifferenceBytes);
    }
  }

  /** A defect may end a request that some part still holds; its second end is nobody's business. */
  private boolean end() {
    if (finished) {
      return false;
    }
    finished = true;
    core.requestEnded(this);
    return true;
  }
}
