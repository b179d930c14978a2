package dev.isthmus.gateway.metrics;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** Metrics of this process, under the names that all exporters use. Threading: immutable. */
final class ProcessMetrics {

  private ProcessMetrics() {}

  static void write(PrometheusText text) {
    var system = ManagementFactory.getOperatingSystemMXBean();
    if (system instanceof com.sun.management.UnixOperatingSystemMXBean unix) {
      text.counter(
          "process_cpu_seconds_total",
          "Processor time, user and system.",
          unix.getProcessCpuTime() / 1e9);
      text.gauge("process_open_fds", "Open file descriptors.", unix.getOpenFileDescriptorCount());
      text.gauge("process_max_fds", "Most file descriptors.", unix.getMaxFileDescriptorCount());
    }
    text.gauge(
        "process_start_time_seconds",
        "Start, in seconds since 1970.",
        ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
    residentMemory(text);
    var memory = ManagementFactory.getMemoryMXBean();
    String help = "Memory that the virtual machine uses.";
    text.gauge(
        "jvm_memory_used_bytes", help, memory.getHeapMemoryUsage().getUsed(), "area", "heap");
    text.gauge(
        "jvm_memory_used_bytes", help, memory.getNonHeapMemoryUsage().getUsed(), "area", "nonheap");
    for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
      text.gauge(
          "jvm_buffer_pool_used_bytes",
          "Memory of direct and mapped buffers.",
          pool.getMemoryUsed(),
          "pool",
          pool.getName());
    }
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      text.counter(
          "jvm_gc_collections_total",
          "Garbage collections.",
          Math.max(0, collector.getCollectionCount()),
          "gc",
          collector.getName());
      text.counter(
          "jvm_gc_collection_seconds_total",
          "Time in garbage collections.",
          Math.max(0, collector.getCollectionTime()) / 1e3,
          "gc",
          collector.getName());
    }
    text.gauge(
        "jvm_threads_current",
        "Platform threads.",
        ManagementFactory.getThreadMXBean().getThreadCount());
  }

  /** VmRSS and VmSize of /proc/self/status (proc(5)), in kB there. */
  private static void residentMemory(PrometheusText text) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmRSS:")) {
          text.gauge("process_resident_memory_bytes", "Resident memory.", kilobytes(line));
        } else if (line.startsWith("VmSize:")) {
          text.gauge("process_virtual_memory_bytes", "Address space.", kilobytes(line));
        }
      }
    } catch (IOException e) {
      // No /proc here: the rest of the page is worth having without it.
    }
  }

  private static long kilobytes(String line) {
    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
  }
}
