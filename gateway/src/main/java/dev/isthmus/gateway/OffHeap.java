package dev.isthmus.gateway;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** How the virtual machine's off-heap memory is shared out. */
final class OffHeap {

  private OffHeap() {}

  /**
   * What devices in memory may take: half of the limit, so that caches and network buffers always
   * have theirs.
   */
  static long deviceBudgetBytes() {
    long limit =
        Long.parseLong(
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("MaxDirectMemorySize")
                .getValue());
    // 0 stands for "as much as the heap may have".
    return (limit == 0 ? Runtime.getRuntime().maxMemory() : limit) / 2;
  }
}
