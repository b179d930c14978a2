package dev.isthmus.blocktranslation.formatreader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.BucketDisk;
import dev.isthmus.blocktranslation.BucketImages;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.Tiers;
import dev.isthmus.blocktranslation.image.FileSource;
import dev.isthmus.blocktranslation.image.ImageComparison;
import dev.isthmus.blocktranslation.image.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A volume made of an image is one like any other: by the page alone, to its first owner, and back
 * as an image; and half of one is none.
 */
class ImportedVolumeTest {

  private static final int HEADER_BYTES = 64;
  private static final int BYTES = (40 << 20) + 4096;

  private final byte[] content = new byte[BYTES];
  private final Random random = new Random(7);
  @TempDir private Path directory = Path.of("unset");
  private BucketImages images = new BucketImages(Path.of("unset"));

  @BeforeEach
  void makeAnImage() throws IOException {
    images.close();
    images = new BucketImages(directory);
    // One long stretch, many short ones, and the very ends.
    fill(3 << 20, 21 << 20);
    for (int i = 0; i < 300; i++) {
      fill(random.nextInt(BYTES / 4096) * 4096, 4096);
    }
    fill(0, 512);
    fill(BYTES - 4096, 4096);
    Files.write(image(), content);
  }

  @AfterEach
  void close() {
    images.close();
  }

  private void fill(int at, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    System.arraycopy(bytes, 0, content, at, length);
  }

  private Path image() {
    return directory.resolve("disk.img");
  }

  private StorageUri uri() {
    return StorageUri.parse("bucket+file://" + directory.resolve("bucket/vol"));
  }

  private long importImage(Progress progress) throws IOException {
    Files.createDirectories(directory.resolve("bucket"));
    try (FileSource source = FileSource.open(image())) {
      return images.importDisk(
          source, uri(), new BucketImages.ImportOptions(4096, Tiers.DEFAULT), progress);
    }
  }

  private ObjectVolumeProvider provider() throws IOException {
    return new ObjectVolumeProvider(
        ObjectVolumeSettings.defaults(Files.createDirectories(directory.resolve("host"))));
  }

  private ObjectView objects() throws IOException {
    Path root = directory.resolve("bucket/objects/vol");
    var objects = new TreeMap<String, byte[]>();
    if (!Files.exists(root)) {
      return new ObjectView(objects);
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        objects.put(
            root.relativize(file).toString(),
            Arrays.copyOfRange(bytes, HEADER_BYTES, bytes.length));
      }
    }
    return new ObjectView(objects);
  }

  @Test
  void itIsAVolumeByThePageAloneAndToItsFirstOwner() throws IOException {
    long[] told = {0};
    long written = importImage((done, total) -> told[0] = done);
    assertEquals(BYTES, told[0]);
    assertTrue(written >= 21 << 20 && written < 23 << 20, written + " bytes that are not zero");
    FormatReader.Verdict verdict = FormatReader.judge(objects());
    assertArrayEquals(content, verdict.disk().toBytes());
    assertEquals(0, verdict.count(FormatReader.Role.OUTSIDE_CHAIN));
    assertEquals(0, verdict.count(FormatReader.Role.ORPHAN));
    assertEquals(1, verdict.count(FormatReader.Role.KEPT_CHECKPOINT));
    try (ObjectVolumeProvider provider = provider();
        BlockingDevice device = new BlockingDevice(provider.open(uri()))) {
      assertEquals(OpenOutcome.COMPLETE, device.device().openOutcome());
      byte[] found = new byte[BYTES];
      device.readAt(0, found);
      assertArrayEquals(content, found);
      fill(5 << 20, 4096);
      device.writeAt(5 << 20, Arrays.copyOfRange(content, 5 << 20, (5 << 20) + 4096));
    }
    assertArrayEquals(content, FormatReader.judge(objects()).disk().toBytes());
    Files.write(image(), content);
    compareWithExport();
    // There is a volume now.
    assertThrows(DeviceException.Invalid.class, () -> importImage(Progress.NONE));
    assertArrayEquals(content, FormatReader.judge(objects()).disk().toBytes());
  }

  private void compareWithExport() throws IOException {
    var before = Files.getLastModifiedTime(directory.resolve("bucket"));
    var options =
        BucketImages.ReadOptions.newest(notice -> {
          throw new AssertionError(notice);
        });
    try (BucketDisk disk = images.openVolume(uri().toString(), options);
        FileSource file = FileSource.open(image())) {
      assertFalse(disk.isOpenElsewhere());
      ImageComparison.Result result =
          ImageComparison.run(disk, file, new ImageComparison.Options(10, 0, Progress.NONE));
      assertEquals(0, result.differentRanges(), () -> "" + result.differences());
    }
    assertEquals(before, Files.getLastModifiedTime(directory.resolve("bucket")));
  }

  @Test
  void halfOfOneIsNoVolume() throws IOException {
    Progress interrupt =
        (done, total) -> {
          if (done > 24 << 20) {
            throw new DeviceException.Unavailable("the power is gone");
          }
        };
    assertThrows(DeviceException.Unavailable.class, () -> importImage(interrupt));
    assertEquals(0, objects().keys().size(), "what nobody names is taken away");
    // A process that is killed can't do that.
    Path left =
        directory.resolve("bucket/objects/vol/00000000-0000-4000-8000-000000000000/segments");
    Files.createDirectories(left);
    byte[] object = new byte[HEADER_BYTES];
    Files.write(left.resolve("0000000000000001"), object);
    assertTrue(images.hasLeftovers(uri()));
    try (ObjectVolumeProvider provider = provider()) {
      assertThrows(DeviceException.Unavailable.class, () -> provider.open(uri()));
      assertEquals(
          0,
          provider.list(StorageUri.parse("bucket+file://" + directory.resolve("bucket"))).size());
    }
    assertEquals(new BucketImages.Leftovers(1, 0), images.leftovers(uri()));
    assertEquals(1, images.discardLeftovers(uri()));
    assertFalse(images.hasLeftovers(uri()));
    long _ = importImage(Progress.NONE);
    assertArrayEquals(content, FormatReader.judge(objects()).disk().toBytes());
    assertThrows(DeviceException.Invalid.class, () -> images.discardLeftovers(uri()));
  }

  @Test
  void anImageThatIsNoWholeNumberOfBlocksIsRefused() throws IOException {
    Files.write(image(), Arrays.copyOf(content, BYTES - 512));
    var invalid = assertThrows(DeviceException.Invalid.class, () -> importImage(Progress.NONE));
    assertTrue(invalid.toString().contains("block size 4096"), invalid::toString);
  }
}
