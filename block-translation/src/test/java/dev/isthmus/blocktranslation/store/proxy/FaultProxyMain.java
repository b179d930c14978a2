package dev.isthmus.blocktranslation.store.proxy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * A {@link FaultProxy} as a process: {@code UPSTREAM TIMES SHARE FILE}. There is no fault until the
 * file is there. It prints where it listens, the counts each second, and {@code done} when each
 * fault has happened so often. It ends with its parent's signal.
 */
public final class FaultProxyMain {

  private FaultProxyMain() {}

  /** Runs until it is ended. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    long seed = new Random().nextLong();
    int times = Integer.parseInt(arguments[1]);
    double share = Double.parseDouble(arguments[2]);
    FaultProxy proxy = FaultProxy.start(URI.create(arguments[0]), seed, FaultPlan.none());
    var faults = Arrays.stream(ProxyFault.values()).filter(f -> f != ProxyFault.NONE).toList();
    var plan = new FaultPlan(seed, faults, times, share);
    System.out.println("seed " + seed);
    System.out.println("listening on " + proxy.endpoint());
    boolean said = false;
    while (true) {
      Thread.sleep(1_000);
      if (Files.exists(Path.of(arguments[3]))) {
        proxy.follow(plan);
      }
      System.out.println(
          "requests "
              + proxy.requests()
              + " on "
              + proxy.connections()
              + " connections; faults "
              + plan.injected().entrySet().stream()
                  .map(e -> e.getKey() + " " + e.getValue())
                  .collect(Collectors.joining(", ")));
      if (plan.isDone() && !said) {
        said = true;
        System.out.println("done");
      }
    }
  }
}
