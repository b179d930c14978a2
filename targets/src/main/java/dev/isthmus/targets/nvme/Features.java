package dev.isthmus.targets.nvme;

import java.util.HashMap;
import java.util.Map;

/**
 * Features of one controller that are nothing but a remembered value (Base 2.0, 5.27.1), and what
 * is known of all of them.
 *
 * <p>Threading: confined to its controller's loop.
 */
final class Features {

  static final int ARBITRATION = 0x01;
  static final int POWER_MANAGEMENT = 0x02;
  static final int TEMPERATURE_THRESHOLD = 0x04;
  static final int ERROR_RECOVERY = 0x05;
  static final int VOLATILE_WRITE_CACHE = 0x06;
  static final int NUMBER_OF_QUEUES = 0x07;
  static final int INTERRUPT_COALESCING = 0x08;
  static final int INTERRUPT_VECTOR = 0x09;
  static final int WRITE_ATOMICITY = 0x0A;
  static final int ASYNC_EVENTS = 0x0B;
  static final int KEEP_ALIVE_TIMER = 0x0F;
  static final int HOST_BEHAVIOR = 0x16;
  static final int HOST_IDENTIFIER = 0x81;

  /** All that Get Features knows. */
  static final int[] KNOWN = {
    ARBITRATION,
    POWER_MANAGEMENT,
    TEMPERATURE_THRESHOLD,
    ERROR_RECOVERY,
    VOLATILE_WRITE_CACHE,
    NUMBER_OF_QUEUES,
    INTERRUPT_COALESCING,
    INTERRUPT_VECTOR,
    WRITE_ATOMICITY,
    ASYNC_EVENTS,
    KEEP_ALIVE_TIMER,
    HOST_BEHAVIOR,
    HOST_IDENTIFIER
  };

  /** Temperatures that no threshold was set for: a maximum over, zero under (figure 321). */
  private static final int DEFAULT_OVER_TEMPERATURE = 0xFFFF;

  private static final int ALL_ASYNC_EVENTS =
      AsyncEvent.NAMESPACE_CHANGE.enableBit
          | AsyncEvent.ANA_CHANGE.enableBit
          | AsyncEvent.DISCOVERY_CHANGE.enableBit;

  // Keys are few: the feature, and for the temperature threshold its selectors.
  private final Map<Integer, Integer> values = new HashMap<>();

  void reset() {
    values.clear();
  }

  int asyncEvents() {
    return get(ASYNC_EVENTS, 0);
  }

  /** The value of a remembered feature; {@code cdw11} selects among thresholds. */
  int get(int feature, int cdw11) {
    Integer value = values.get(key(feature, cdw11));
    return value == null ? defaultOf(feature, cdw11) : value;
  }

  void set(int feature, int cdw11) {
    values.put(key(feature, cdw11), feature == TEMPERATURE_THRESHOLD ? cdw11 & 0xFFFF : cdw11);
  }

  private static int key(int feature, int cdw11) {
    // Threshold select and type select: bits 21:16 of dword 11.
    return feature == TEMPERATURE_THRESHOLD ? feature | (cdw11 & 0x3F0000) : feature;
  }

  static int defaultOf(int feature, int cdw11) {
    return switch (feature) {
      // No limit on a burst.
      case ARBITRATION -> 7;
      case TEMPERATURE_THRESHOLD -> (cdw11 >>> 20 & 3) == 0 ? DEFAULT_OVER_TEMPERATURE : 0;
      // Events too: none is told until the host asks for it; hosts do.
      default -> 0;
    };
  }

  static boolean isKnown(int feature) {
    for (int known : KNOWN) {
      if (known == feature) {
        return true;
      }
    }
    return false;
  }

  /** Events that may be switched on. */
  static boolean areAsyncEvents(int value) {
    // Bits 7:0 are SMART warnings, which never come; others must be announced in OAES.
    return (value & ~(0xFF | ALL_ASYNC_EVENTS)) == 0;
  }
}
