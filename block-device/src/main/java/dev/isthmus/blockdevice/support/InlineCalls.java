package dev.isthmus.blockdevice.support;

import java.util.ArrayDeque;

/**
 * Bounds the recursion of devices that complete on the submitting thread.
 *
 * <p>A completion may submit again, and so may that command's completion: a chain of a hundred
 * thousand would overflow the stack. So a thread nests {@value #MAX_DEPTH} calls, over all devices
 * together; what comes deeper is kept, and run when the outermost call ends. Use:
 *
 * <pre>{@code
 * InlineCalls calls = InlineCalls.ofThread();
 * if (calls.begin()) {
 *   try { work(); } finally { calls.end(); }
 * } else if (!calls.defer(() -> work())) {
 *   // BUSY
 * }
 * }</pre>
 *
 * <p>Threading: each thread has its own.
 */
public final class InlineCalls {

  private static final int MAX_DEPTH = 8;

  /** Calls; what one thread may submit from inside nested completions before it is BUSY. */
  private static final int MAX_DEFERRED = 65_536;

  private static final ThreadLocal<InlineCalls> OF_THREAD =
      ThreadLocal.withInitial(InlineCalls::new);

  private final ArrayDeque<Runnable> deferred = new ArrayDeque<>(0);
  private int depth;

  private InlineCalls() {}

  /** The calling thread's. */
  public static InlineCalls ofThread() {
    return OF_THREAD.get();
  }

  /** Whether the call may run now; then {@link #end} must follow. */
  public boolean begin() {
    if (depth == MAX_DEPTH) {
      return false;
    }
    depth++;
    return true;
  }

  /** Ends a call; the outermost one runs what was deferred. */
  public void end() {
    if (depth == 1) {
      for (Runnable call = deferred.poll(); call != null; call = deferred.poll()) {
        call.run();
      }
    }
    depth--;
  }

  /** Keeps {@code call}, which must not throw, for the end of the outermost one; false if full. */
  public boolean defer(Runnable call) {
    return deferred.size() < MAX_DEFERRED && deferred.add(call);
  }
}
