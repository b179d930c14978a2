package dev.isthmus.blocktranslation.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images as they are written: sparse, resumed, with damage in them. */
class ImageExportTest {

  private static final int MIB = 1 << 20;

  /** Several chunks, the last of them short, and mostly zeroes. */
  private static final int BYTES = 41 * MIB + 512;

  private final byte[] content = new byte[BYTES];
  private final MemoryDisk disk = new MemoryDisk(content);
  private final PinnedState pinned =
      new PinnedState(new UUID(1, 2), 1, BYTES, 3, new UUID(4, 5), 60, 700, 8, "", "");
  @TempDir private Path directory = Path.of("unset");

  @BeforeEach
  void fill() {
    var random = new Random(1);
    for (int at : new int[] {0, 9 * MIB - 512, 10 * MIB + 4096, 33 * MIB, BYTES - 512}) {
      for (int i = 0; i < 512; i++) {
        content[at + i] = (byte) (1 + random.nextInt(255));
      }
    }
  }

  private Path image() {
    return directory.resolve("disk.img");
  }

  private ExportStateFile stateFile() {
    return new ExportStateFile(directory.resolve("disk.img.isthmus-export"));
  }

  private static ImageExport.Options options(boolean skipDamaged, Progress progress) {
    return new ImageExport.Options(skipDamaged, true, progress);
  }

  private ImageExport.Result export(ExportState from, ImageExport.Options options) {
    try (ImageFile target = ImageFile.open(image(), BYTES, from.image(), false);
        DiskSource written = FileSource.open(image())) {
      return ImageExport.run(disk, target, stateFile(), from, written, options);
    }
  }

  private String sha256() throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
  }

  @Test
  void theImageIsTheDiskAndSparse() throws Exception {
    ImageExport.Result result =
        export(ExportState.begin("", pinned, ImageMark.NONE), options(false, Progress.NONE));
    assertArrayEquals(content, Files.readAllBytes(image()));
    assertEquals(sha256(), result.sha256());
    assertNull(stateFile().read(), "the side file goes");
    long blocks = blocksOf(image());
    assertTrue(blocks * 512 < MIB, blocks + " blocks of 512 bytes for five sectors");
  }

  private static long blocksOf(Path file) throws IOException, InterruptedException {
    Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    String said =
        new String(stat.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertEquals(0, stat.waitFor());
    return Long.parseLong(said.strip());
  }

  @Test
  void anInterruptCostsNothingThatWasDone() throws Exception {
    ExportState left = brokenOff();
    assertEquals(pinned, left.pinned());
    assertEquals(24 * MIB, left.doneBytes());
    // What an earlier try wrote behind that must not show through the holes.
    overwrite(image(), 30 * MIB, 3);
    long[] first = {-1};
    ImageExport.Result result =
        export(left, options(false, (done, total) -> first[0] = first[0] < 0 ? done : first[0]));
    assertEquals(32 * MIB, first[0], "the first chunk that was copied");
    assertEquals(24 * MIB, result.resumedAtBytes());
    assertArrayEquals(content, Files.readAllBytes(image()));
    assertEquals(sha256(), result.sha256(), "of all of it");
  }

  private static void overwrite(Path file, long at, int value) throws IOException {
    try (var changed = new RandomAccessFile(file.toFile(), "rw")) {
      changed.seek(at);
      changed.write(value);
    }
  }

  /** Linux reports a failed write-back once: a second force would vouch for what is not there. */
  @Test
  void aForceThatFailedIsNotTriedAgain() {
    ExportState left = brokenOff();
    assertEquals(24 * MIB, left.doneBytes());
    var forces = new AtomicInteger();
    try (ImageFile image = ImageFile.open(image(), BYTES, left.image(), false);
        ImageTarget target = new ForcesFail(image, forces)) {
      Progress slow = (done, total) -> LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(6));
      assertThrows(
          DeviceException.Unavailable.class,
          () -> ImageExport.run(disk, target, stateFile(), left, null, options(false, slow)));
    }
    assertEquals(1, forces.get());
    assertEquals(left, stateFile().read());
  }

  private record ForcesFail(ImageTarget target, AtomicInteger forces) implements ImageTarget {

    @Override
    public String description() {
      return target.description();
    }

    @Override
    public void write(long offsetBytes, MemorySegment data) {
      target.write(offsetBytes, data);
    }

    @Override
    public void writeZeroes(long offsetBytes, long lengthBytes) {
      target.writeZeroes(offsetBytes, lengthBytes);
    }

    @Override
    public void force() {
      if (forces.getAndIncrement() == 0) {
        throw new DeviceException.Unavailable("the disk is full");
      }
      target.force();
    }

    @Override
    public ImageMark mark(long doneBytes) {
      return target.mark(doneBytes);
    }

    @Override
    public void close() {
      // It is the caller's.
    }
  }

  /** Begins an export and breaks it off at 24 MiB. */
  private ExportState brokenOff() {
    Progress interrupt =
        (done, total) -> {
          if (done > 20 * MIB) {
            throw new DeviceException.Unavailable("the bucket is gone");
          }
        };
    ExportState begin = ExportState.begin("", pinned, ImageMark.NONE);
    assertThrows(DeviceException.Unavailable.class, () -> export(begin, options(false, interrupt)));
    return Objects.requireNonNull(stateFile().read());
  }

  private void refused(ExportState left, Path target, boolean force, String... said) {
    var invalid =
        assertThrows(
            DeviceException.Invalid.class,
            () -> ImageFile.open(target, BYTES, left.image(), force).close());
    for (String words : said) {
      assertTrue(invalid.toString().contains(words), invalid::toString);
    }
  }

  @Test
  void anotherFileOfThatNameIsNotGoneOnWith() throws Exception {
    ExportState left = brokenOff();
    byte[] other = new byte[BYTES];
    Arrays.fill(other, (byte) 7);
    Path kept = directory.resolve("kept.img");
    Files.move(image(), kept);
    Files.write(image(), other);
    for (boolean force : new boolean[] {false, true}) {
      refused(left, image(), force, "another target", "file with inode", "--restart", "--force");
      assertArrayEquals(other, Files.readAllBytes(image()), "untouched");
    }
    // One that is as long as what was written, and the same as far as the check looks.
    Files.copy(kept, image(), StandardCopyOption.REPLACE_EXISTING);
    refused(left, image(), false, "another target");
    // Anew is no licence to overwrite what is not ours.
    ExportState anew = ExportState.begin("", pinned, left.image());
    refused(anew, image(), false, "--force to overwrite it");
    Files.delete(image());
    refused(left, image(), false, "is gone", "--restart");
    assertFalse(Files.exists(image()), "nor is it made");
    Files.move(kept, image());
    ImageExport.Result _ = export(left, options(false, Progress.NONE));
    assertArrayEquals(content, Files.readAllBytes(image()));
  }

  @Test
  void whatItBeganItMayBeginAnew() throws Exception {
    ExportState left = brokenOff();
    ImageExport.Result _ =
        export(ExportState.begin("", pinned, left.image()), options(false, Progress.NONE));
    assertArrayEquals(content, Files.readAllBytes(image()));
  }

  @Test
  void aStateIsOfOneTarget() throws Exception {
    ExportState left = brokenOff();
    Path second = directory.resolve("second.img");
    refused(left, second, true, "is gone", "another target");
    Files.write(second, new byte[BYTES]);
    refused(left, second, true, "another target");
    assertArrayEquals(new byte[BYTES], Files.readAllBytes(second));
    // By another name it is still the same.
    Path link = Files.createSymbolicLink(directory.resolve("link.img"), image());
    ImageFile.open(link, BYTES, left.image(), false).close();
  }

  @Test
  void whatIsKeptMustBeWhatWasWritten() throws Exception {
    ExportState left = brokenOff();
    long end = left.doneBytes();
    for (long at : new long[] {end - 1, end - MIB}) {
      overwrite(image(), at, 1);
      byte[] before = Files.readAllBytes(image());
      refused(left, image(), true, "was changed", "--restart");
      assertArrayEquals(before, Files.readAllBytes(image()));
      overwrite(image(), at, 0);
    }
    ImageFile.open(image(), BYTES, left.image(), false).close();
    try (var file = new RandomAccessFile(image().toFile(), "rw")) {
      file.setLength(end - 512);
    }
    refused(left, image(), true, "shorter", "--restart");
  }

  /** Only where there is a loop device. It is refused before it is opened. */
  @Test
  void aBlockDeviceAlwaysNeedsForce() throws IOException {
    Path device = Path.of("/dev/loop0");
    Assumptions.assumeTrue(BlockFiles.isBlockDevice(device) && Files.isReadable(device));
    var mark = new ImageMark(BlockFiles.identity(device), 512, 0);
    for (ImageMark kept : List.of(ImageMark.NONE, mark, mark.begunAnew())) {
      refused(ExportState.begin("", pinned, kept), device, false, "/dev/loop0");
    }
  }

  @Test
  void imagesAndTheirSideFilesAreForTheirOwnerAlone() throws Exception {
    ExportState _ = brokenOff();
    for (Path file : List.of(image(), stateFile().path())) {
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }
  }

  @Test
  void damageStopsUnlessItIsToBeSkipped() throws Exception {
    var range = new DamagedRange(33 * MIB / 512, 8, "object s/1, the frame at offset 296");
    disk.damaged.add(range);
    ExportState begin = ExportState.begin("", pinned, ImageMark.NONE);
    var corrupt =
        assertThrows(
            DeviceException.Corrupt.class, () -> export(begin, options(false, Progress.NONE)));
    for (String said : List.of("LBA 67584 to 67591", "object s/1", "offset 296", "--skip")) {
      assertTrue(corrupt.toString().contains(said), corrupt::toString);
    }
    ExportState left = Objects.requireNonNull(stateFile().read());
    assertEquals(32 * MIB, left.doneBytes());
    ImageExport.Result result = export(left, options(true, Progress.NONE));
    assertEquals(List.of(range), result.damage().ranges());
    assertEquals(8, result.damage().sectors());
    Arrays.fill(content, 33 * MIB, 33 * MIB + 8 * 512, (byte) 0);
    assertArrayEquals(content, Files.readAllBytes(image()));
    assertEquals(sha256(), result.sha256());
  }

  @Test
  void damageOfAnEarlierTryIsStillTold() {
    disk.damaged.add(new DamagedRange(4, 2, "object s/2"));
    Progress interrupt =
        (done, total) -> {
          throw new DeviceException.Unavailable("stop");
        };
    ExportState begin = ExportState.begin("", pinned, ImageMark.NONE);
    assertThrows(DeviceException.Unavailable.class, () -> export(begin, options(true, interrupt)));
    ExportState left = Objects.requireNonNull(stateFile().read());
    ImageExport.Result result = export(left, options(true, Progress.NONE));
    assertEquals(1, result.damage().count());
    assertEquals("object s/2", result.damage().ranges().getFirst().what());
  }

  @Test
  void anotherWayToTheSameBytesIsTaken() throws Exception {
    disk.failFrom = 12 * MIB;
    disk.recovers = true;
    ImageExport.Result _ =
        export(ExportState.begin("", pinned, ImageMark.NONE), options(false, Progress.NONE));
    assertEquals(1, disk.recoveries);
    assertArrayEquals(content, Files.readAllBytes(image()));
    disk.failFrom = 12 * MIB;
    disk.recovers = false;
    Files.delete(image());
    ExportState begin = ExportState.begin("", pinned, ImageMark.NONE);
    assertThrows(DeviceException.Corrupt.class, () -> export(begin, options(false, Progress.NONE)));
  }

  @Test
  void aStreamHoldsEveryByte() {
    var out = new ByteArrayOutputStream();
    ImageExport.Result _ =
        ImageExport.run(
            disk,
            new ImageStream(out),
            null,
            ExportState.begin("", pinned, ImageMark.NONE),
            null,
            options(false, Progress.NONE));
    assertArrayEquals(content, out.toByteArray());
  }

  @Test
  void whatIsThereIsNotOverwrittenUnasked() throws IOException {
    Files.write(image(), new byte[] {1});
    assertThrows(
        DeviceException.Invalid.class,
        () -> ImageFile.open(image(), BYTES, ImageMark.NONE, false).close());
    assertEquals(1, Files.size(image()));
    ImageFile.open(image(), BYTES, ImageMark.NONE, true).close();
    assertEquals(BYTES, Files.size(image()));
    assertThrows(
        DeviceException.Invalid.class,
        () -> ImageFile.open(directory, BYTES, ImageMark.NONE, true).close());
  }

  @Test
  void theSideFileIsBelievedWholeOrNotAtAll() throws IOException {
    var state =
        new ExportState(
            "previous",
            new PinnedState(
                new UUID(1, 2),
                1,
                BYTES,
                3,
                new UUID(4, 5),
                60,
                700,
                8,
                "0000000000000001-00000000000000ff",
                "object x is missing"),
            new ImageMark("file with inode 7 on device 8:1", MIB, 0xFEDCBA98),
            List.of(new DamagedRange(4, 2, "object s/2, what with blanks")),
            1,
            2);
    ExportStateFile file = stateFile();
    assertNull(file.read());
    file.write(state);
    assertEquals(state, file.read());
    byte[] good = Files.readAllBytes(file.path());
    for (int i = 0; i < good.length; i++) {
      byte[] bad = good.clone();
      bad[i] ^= 4;
      Files.write(file.path(), bad);
      assertThrows(DeviceException.Invalid.class, file::read, "byte " + i);
      Files.write(file.path(), Arrays.copyOf(good, i));
      assertThrows(DeviceException.Invalid.class, file::read, i + " bytes");
    }
    Files.write(file.path(), good);
    assertNotNull(file.read());
    file.delete();
    assertFalse(Files.exists(file.path()));
  }
}
