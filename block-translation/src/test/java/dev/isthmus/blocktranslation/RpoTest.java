package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.Tier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The words of a limit, and what keeps to two at once. */
class RpoTest {

  @ParameterizedTest
  @ValueSource(strings = {"none", "1s", "1500ms", "30s,enforce", "5m", "24h,enforce"})
  void isToldAsItIsSaid(String text) {
    assertEquals(text, Rpo.parse(text).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0s",
        "999ms",
        "25h",
        "86400001ms",
        "30",
        "-5s",
        "30s,",
        "30s,enforced",
        "30s, enforce",
        ",enforce",
        "enforce",
        "none,enforce",
        "NONE"
      })
  void refuses(String text) {
    var refused = assertThrows(DeviceException.Invalid.class, () -> Rpo.parse(text));
    assertTrue(String.valueOf(refused.getMessage()).contains("rpo is none,"), refused::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "none         | 5s          | 5s",
        "5s           | 9s,enforce  | 5s and 9s,enforce",
        "9s           | 5s,enforce  | 5s,enforce",
        "5s,enforce   | 9s,enforce  | 5s,enforce",
        "none         | none        | none",
      })
  void keepsToBoth(String one, String other, String both) {
    assertEquals(both, Rpo.parse(one).and(Rpo.parse(other)).toString());
    assertEquals(both, Rpo.parse(other).and(Rpo.parse(one)).toString());
  }

  @Test
  void aDiskNeedsFlushesUnlessEveryWriteIsAtTheFlushTier() {
    assertTrue(new Tiers(Tier.APPLIED, Tier.LOCAL_DURABLE).needFlushes());
    assertTrue(new Tiers(Tier.APPLIED, Tier.UPLOADED).needFlushes());
    assertTrue(new Tiers(Tier.LOCAL_DURABLE, Tier.UPLOADED).needFlushes());
    assertFalse(new Tiers(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE).needFlushes());
  }

  @Test
  void tiersAreRefusedByTheirWords() {
    assertThrows(IllegalArgumentException.class, () -> new Tiers(Tier.UPLOADED, Tier.UPLOADED));
    var refused = assertThrows(DeviceException.Invalid.class, () -> Tiers.parseAck("uploaded"));
    assertEquals("ack is applied or local, not \"uploaded\"", refused.getMessage());
    assertThrows(DeviceException.Invalid.class, () -> Tiers.parseFlush("applied"));
    assertThrows(DeviceException.Invalid.class, () -> TierChange.parse("", "", ""));
    assertEquals(
        "ack=local flush=local rpo=3s",
        TierChange.parse("local", "", "3s").applyTo(Tiers.DEFAULT).toString());
  }
}
