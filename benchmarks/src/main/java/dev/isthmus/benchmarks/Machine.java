package dev.isthmus.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What was measured on.
 *
 * @param virtual whether a hypervisor shows itself in the processor's flags
 * @param memoryMebibytes of the whole machine
 * @param loadAverage of the last minute, at the start: what else ran
 */
record Machine(
    int cores,
    String processor,
    boolean virtual,
    long memoryMebibytes,
    String kernel,
    String jdk,
    String fileSystem,
    String loadAverage) {

  /** This one. */
  static Machine describe(Path work) throws IOException {
    List<String> processors = lines("/proc/cpuinfo");
    return new Machine(
        Runtime.getRuntime().availableProcessors(),
        value(processors, "model name"),
        value(processors, "flags").contains(" hypervisor"),
        Long.parseLong(value(lines("/proc/meminfo"), "MemTotal").replaceAll("[^0-9]", "")) >> 10,
        System.getProperty("os.name") + " " + System.getProperty("os.version").split("-", 2)[0],
        System.getProperty("java.vm.vendor") + " " + System.getProperty("java.runtime.version"),
        Files.getFileStore(work).type(),
        lines("/proc/loadavg").getFirst().split(" ", 2)[0]);
  }

  /** In a line for people. */
  String line() {
    return "%d %scores, %d MiB of memory, %s, %s, %s; load at the start %s."
        .formatted(
            cores,
            virtual ? "virtual " : "",
            memoryMebibytes,
            kernel,
            fileSystem,
            jdk,
            loadAverage);
  }

  private static List<String> lines(String file) throws IOException {
    return Files.readAllLines(Path.of(file), StandardCharsets.UTF_8);
  }

  private static String value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("");
  }
}
