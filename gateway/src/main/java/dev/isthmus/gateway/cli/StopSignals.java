package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * SIGTERM and SIGINT: the first asks for an orderly stop, the second ends the process at once.
 *
 * <p>A shutdown hook can do neither: it can't choose the exit code, and a second signal waits for
 * it. The class sun.misc.Signal can, and is reached by reflection since javac warns of it in a way
 * that no annotation turns off.
 *
 * <p>Threading: thread-safe.
 */
final class StopSignals {

  private final CountDownLatch asked = new CountDownLatch(1);
  private final AtomicBoolean again = new AtomicBoolean();

  StopSignals() {
    handle("TERM", 128 + 15);
    handle("INT", 128 + 2);
  }

  /** Blocks until a stop is asked for. */
  void await() throws InterruptedException {
    asked.await();
  }

  @SuppressWarnings("ReferenceEquality") // A handler equals only itself.
  private void handle(String name, int exitCode) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      received(exitCode);
                      yield null;
                    }
                    case "equals" -> arguments != null && self == arguments[0];
                    case "hashCode" -> System.identityHashCode(self);
                    default -> "stop at SIG" + name;
                  });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException e) {
      throw new DeviceException.Internal("cannot handle SIG" + name, e);
    }
  }

  private void received(int exitCode) {
    if (again.getAndSet(true)) {
      Runtime.getRuntime().halt(exitCode);
    }
    asked.countDown();
  }
}
