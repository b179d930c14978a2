package dev.isthmus.blocktranslation.powercut;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a power cut did to a disk: {@code power-cut/cut}. Immutable.
 *
 * @param position of the record, where the power was cut
 * @param writes that had reached the disk by then
 * @param pending those of them that no completed flush covers
 * @param dropped those of the pending ones that are lost
 * @param torn those of which some sectors are lost
 * @param fate by which rule
 */
public record PowerCut(long position, int writes, int pending, int dropped, int torn, String fate) {

  /** Cuts the power of a recorded disk at {@code position}; {@code image} is what is left. */
  public static PowerCut at(Path recorded, long position, long seed, Path image)
      throws IOException {
    return run(
        List.of(
            tool("cut"),
            recorded.toString(),
            image.toString(),
            "--at",
            Long.toString(position),
            "--seed",
            Long.toString(seed)));
  }

  private static PowerCut run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new AssertionError(command + " failed");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return new PowerCut(
        Long.parseLong(find(said, "position")),
        Integer.parseInt(find(said, "writes")),
        Integer.parseInt(find(said, "pending")),
        Integer.parseInt(find(said, "dropped")),
        Integer.parseInt(find(said, "torn")),
        find(said, "fate"));
  }

  private static String find(String json, String key) {
    Matcher matcher = Pattern.compile("\"" + key + "\": \"?([a-z0-9_]+)").matcher(json);
    if (!matcher.find()) {
      throw new AssertionError("no " + key + " in " + json);
    }
    return matcher.group(1);
  }

  /** A program of {@code power-cut/} in the tree that the test runs in. */
  public static String tool(String name) {
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      Path tool = p.resolve("power-cut").resolve(name);
      if (Files.isExecutable(tool)) {
        return tool.toString();
      }
    }
    throw new AssertionError("no power-cut/" + name + " above " + Path.of("").toAbsolutePath());
  }
}
