package dev.isthmus.targets.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SpinPolicyTest {

  private static final long MAX = 50_000;

  @Test
  void vainSpinsShrinkAndShortBlocksBringThemBack() {
    var policy = new SpinPolicy(MAX, 4);
    assertEquals(MAX, policy.budgetNanos());
    policy.spunInVain();
    assertEquals(MAX / 2, policy.budgetNanos());
    for (int i = 0; i < 10; i++) {
      policy.spunInVain();
    }
    assertEquals(0, policy.budgetNanos());
    policy.blocked(MAX * 4, 0);
    assertEquals(0, policy.budgetNanos());
    policy.blocked(MAX - 1, 0);
    assertEquals(MAX, policy.budgetNanos());
  }

  @Test
  void aLostProcessorStopsSpinningForASecond() {
    var policy = new SpinPolicy(MAX, 4);
    policy.lookedAgainAfter(200_000, 0);
    assertEquals(MAX, policy.budgetNanos());
    policy.lookedAgainAfter(300_000, 0);
    assertEquals(0, policy.budgetNanos());
    policy.blocked(1, 999_999_999);
    assertEquals(0, policy.budgetNanos());
    policy.blocked(1, 1_000_000_000);
    assertEquals(MAX, policy.budgetNanos());
  }

  @Test
  void oneProcessorNeverSpins() {
    var policy = new SpinPolicy(MAX, 1);
    policy.blocked(1, 0);
    assertEquals(0, policy.budgetNanos());
  }
}
