package dev.isthmus.gateway.kernel;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;

/**
 * A network namespace of a test's own, with the guest's card in it. Closing kills what still runs
 * there. Threading: confined.
 */
final class TestNetwork implements AutoCloseable {

  /** The host's end of the guest's card. */
  static final String HOST_ADDRESS = "10.0.2.2";

  /** The first guest's name in NVMe. */
  static final String GUEST_NQN =
      "nqn.2014-08.org.nvmexpress:uuid:15746d75-0000-4000-8000-000000000001";

  private static final Duration LONGEST = Duration.ofSeconds(30);

  private static final Duration LONGEST_GUEST_BUILD = Duration.ofMinutes(15);

  private final Lab lab;
  private final String name = Lab.uniqueName();

  private TestNetwork(Lab lab) {
    this.lab = lab;
  }

  /**
   * Makes the namespace, and the guest if this machine never made one.
   *
   * @throws AssertionError saying what this machine lacks: such a test fails, it never skips
   */
  static TestNetwork up(Lab lab) throws IOException, InterruptedException {
    String _ =
        ChildProcess.run(
            lab.log("guest-build"),
            LONGEST_GUEST_BUILD,
            List.of(Lab.kernelInitiator("build").toString()));
    TestNetwork network = lab.keep(new TestNetwork(lab));
    network.net("up");
    return network;
  }

  private void net(String verb) throws IOException, InterruptedException {
    String _ =
        ChildProcess.run(
            lab.log("net-" + verb),
            LONGEST,
            List.of(Lab.kernelInitiator("net").toString(), verb, name));
  }

  String name() {
    return name;
  }

  /** What makes a command run in here, with the process id that it was started with. */
  List<String> prefix() {
    return List.of(Lab.kernelInitiator("net").toString(), "exec", name);
  }

  @Override
  public void close() throws IOException {
    try {
      net("down");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the namespace " + name + " is left behind");
    }
  }
}
