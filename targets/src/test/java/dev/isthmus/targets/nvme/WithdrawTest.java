package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

/** A subsystem that goes away under a host: the host loses its connection, and no command fails. */
class WithdrawTest {

  private static final int ROUNDS = 60;

  private static final int DEPTH = 16;

  @Test
  void noCommandIsRefusedWhileTheConnectionEnds() throws Exception {
    try (var fixture = new TargetFixture()) {
      int written = 0;
      for (int i = 0; i < ROUNDS; i++) {
        try (TestHost host = fixture.host()) {
          var withdrawing =
              new Thread(() -> {
                try {
                  // Into the middle of a stream of writes, each time elsewhere.
                  Thread.sleep(2);
                  assertTrue(fixture.target.unpublish(TargetFixture.NQN).getAsBoolean());
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
          withdrawing.start();
          written += writeUntilGone(host);
          withdrawing.join();
        }
        fixture.target.publish(
            new NvmeSubsystem(TargetFixture.NQN, HostAccess.any(), fixture.device));
      }
      assertTrue(written > ROUNDS, "hosts were writing");
    }
  }

  /** Gives how many writes completed; all that completes must have succeeded. */
  private static int writeUntilGone(TestHost host) throws IOException {
    byte[] data = TargetFixture.bytes(TargetFixture.BLOCK, 1);
    var outstanding = new ArrayDeque<Integer>();
    int completed = 0;
    try {
      while (true) {
        while (outstanding.size() < DEPTH) {
          outstanding.add(
              TestHost.submitWrite(host.io(), outstanding.size(), data, TargetFixture.BLOCK));
        }
        HostQueue.Completion completion = host.io().await(outstanding.remove());
        assertEquals(0, completion.status(), () -> "status of a write, " + completion);
        completed++;
      }
    } catch (EOFException | SocketException e) {
      return completed;
    }
  }
}
