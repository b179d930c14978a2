package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.FormatPage.Field;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The header that a bucket in a directory puts before each object (docs/FORMAT.md, "Keys"). */
class DirectoryDamageTest {

  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS = 256;

  private static final List<Field> HEADER =
      List.of(
          new Field("file", "magic", 0, 8),
          new Field("file", "length", 8, 8),
          new Field("file", "random", 16, 16),
          new Field("file", "crc", 32, 4),
          new Field("file", "zero", 36, 24),
          new Field("file", "headerCrc", 60, 4));

  @TempDir private Path directory = Path.of("");
  private final byte[] model = new byte[BLOCKS * BLOCK_BYTES];
  private final Map<String, Integer> outcomes = new TreeMap<>();

  private ObjectVolumeProvider provider(String host) {
    return new ObjectVolumeProvider(
        new ObjectVolumeSettings(
            directory.resolve(host),
            64 << 20,
            1 << 20,
            16 << 20,
            1 << 20,
            Duration.ofMillis(20),
            Duration.ofSeconds(10)));
  }

  private StorageUri uri(String query) {
    return StorageUri.parse("bucket+file://" + directory.resolve("bucket/vol") + query);
  }

  private void write() throws IOException {
    Files.createDirectories(directory.resolve("host"));
    new Random(5).nextBytes(model);
    try (var provider = provider("host")) {
      try (var device = new BlockingDevice(provider.create(uri("?size=1MiB")))) {
        device.writeAt(0, java.util.Arrays.copyOf(model, 100 * BLOCK_BYTES));
      }
      try (var device = new BlockingDevice(provider.open(uri("")))) {
        int from = 100 * BLOCK_BYTES;
        device.writeAt(from, java.util.Arrays.copyOfRange(model, from, model.length));
      }
    }
  }

  private List<Path> objects() throws IOException {
    try (Stream<Path> all = Files.walk(directory.resolve("bucket/objects"))) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /** Reads each block by itself: right, or corrupt. */
  private String read(ObjectVolumeProvider provider, Path damaged) {
    try (var device = new BlockingDevice(provider.open(uri("")))) {
      int corrupt = 0;
      for (int block = 0; block < BLOCKS; block++) {
        byte[] found = new byte[BLOCK_BYTES];
        try {
          device.readAt((long) block * BLOCK_BYTES, found);
        } catch (DeviceException.Corrupt e) {
          corrupt++;
          continue;
        }
        int at = block * BLOCK_BYTES;
        assertEquals(
            -1,
            java.util.Arrays.mismatch(
                found, java.util.Arrays.copyOfRange(model, at, at + BLOCK_BYTES)),
            "block " + block);
      }
      return corrupt > 0 ? "CORRUPT_READS" : "RIGHT";
    } catch (DeviceException.Corrupt e) {
      assertTrue(
          String.valueOf(e.getMessage()).contains(damaged.getFileName().toString()),
          e.getMessage());
      return "REFUSED";
    }
  }

  @Test
  void aDamagedHeaderOfAnyFileIsNoticed() throws IOException {
    write();
    Map<String, byte[]> bucket = new TreeMap<>();
    for (Path object : objects()) {
      bucket.put(object.toString(), Files.readAllBytes(object));
    }
    for (Path object : List.copyOf(objects())) {
      for (Field field : HEADER) {
        byte[] bytes = assertNotNullBytes(bucket.get(object.toString()));
        bytes[field.offset() + field.length() / 2] ^= 4;
        Files.write(object, bytes);
        outcomes.merge(outcome(object, field), 1, Integer::sum);
        restore(bucket);
      }
    }
    System.out.println(
        "DirectoryDamageTest: "
            + HEADER.size()
            + " fields of each of "
            + bucket.size()
            + " objects: "
            + outcomes);
    assertTrue(outcomes.containsKey("CORRUPT_READS"), outcomes::toString);
    assertTrue(outcomes.containsKey("REFUSED"), outcomes::toString);
  }

  private static byte[] assertNotNullBytes(byte @org.jspecify.annotations.Nullable [] bytes) {
    assertNotNull(bytes);
    return bytes.clone();
  }

  private String outcome(Path object, Field field) {
    String host = "other-" + object.getFileName() + "-" + field.name();
    try (var provider = provider(host)) {
      VolumeScrub scrub = provider.scrub(uri(""), new ScrubSettings(0, true, false)).start("dir");
      assertTrue(scrub.awaitEnd(TimeUnit.SECONDS.toNanos(30)), "a hang");
      boolean named =
          scrub.progress().state() == State.DONE
              ? scrub.findings().stream()
                  .map(ScrubFinding::object)
                  .anyMatch(key -> object.toString().endsWith(key))
              : scrub.progress().note().contains(object.getFileName().toString());
      // A fence behind a checkpoint is needed by nobody, and not even looked for.
      String scrubbed = named ? "" : " unnamed";
      return read(provider, object) + scrubbed;
    }
  }

  private void restore(Map<String, byte[]> bucket) throws IOException {
    for (Path object : objects()) {
      if (!bucket.containsKey(object.toString())) {
        Files.delete(object);
      }
    }
    for (Map.Entry<String, byte[]> object : bucket.entrySet()) {
      Files.write(Path.of(object.getKey()), object.getValue());
    }
  }
}
