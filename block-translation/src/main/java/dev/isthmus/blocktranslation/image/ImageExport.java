package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes a disk to an image, and can go on where an earlier try was broken off. Threading: confined
 * to the caller; blocks.
 */
public final class ImageExport {

  /** Work that an interrupt may cost, against a force of the image each time. */
  private static final long SAVE_EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Nothing is hashed in larger pieces than this. */
  private static final int HASH_BYTES = 1 << 20;

  /**
   * How an export is made.
   *
   * @param skipDamaged whether what can't be read becomes zeroes and is listed; else it ends the
   *     export
   * @param sha256 whether the image is hashed
   */
  public record Options(boolean skipDamaged, boolean sha256, Progress progress) {}

  /**
   * What came of it.
   *
   * @param sha256 of the whole image, hexadecimal; null if not asked for
   * @param resumedAtBytes where an earlier try had ended
   */
  public record Result(DamageReport damage, @Nullable String sha256, long resumedAtBytes) {}

  private final DiskSource source;
  private final ImageTarget target;
  private final @Nullable ExportStateFile file;
  private final ExportState from;
  private final Options options;
  private final DamageReport damage = new DamageReport();
  private final @Nullable MessageDigest digest;
  private final ByteBuffer noBytes = ByteBuffer.allocate(HASH_BYTES).asReadOnlyBuffer();
  private boolean forceFailed;
  private long doneBytes;
  private long savedNanos = System.nanoTime();

  private ImageExport(
      DiskSource source,
      ImageTarget target,
      @Nullable ExportStateFile file,
      ExportState from,
      Options options) {
    this.source = source;
    this.target = target;
    this.file = file;
    this.from = from;
    this.options = options;
    this.doneBytes = from.doneBytes();
    this.digest = options.sha256() ? sha256() : null;
    damage.restore(from.damaged(), from.damagedCount(), from.damagedSectors());
  }

  /**
   * Writes what is missing of {@code source} to {@code target}, and forces it.
   *
   * @param file where is noted how far it is; deleted at the end; null for nowhere
   * @param from what is done already, of a source that gives the same bytes now
   * @param written reads back what is done already, for the hash; used if that is more than nothing
   * @throws DeviceException.Corrupt naming what is damaged
   */
  public static Result run(
      DiskSource source,
      ImageTarget target,
      @Nullable ExportStateFile file,
      ExportState from,
      @Nullable DiskSource written,
      Options options) {
    var export = new ImageExport(source, target, file, from, options);
    if (from.doneBytes() > 0 && options.sha256() && written != null) {
      export.hashWritten(written);
    }
    if (file != null && from.doneBytes() == 0) {
      // From here on the image is known for what it is, however this ends.
      file.write(export.state());
    }
    try {
      export.copy();
    } catch (RuntimeException e) {
      export.saveAfter(e);
      throw e;
    }
    target.force();
    if (file != null) {
      file.delete();
    }
    return new Result(
        export.damage,
        export.digest == null ? null : HexFormat.of().formatHex(export.digest.digest()),
        from.doneBytes());
  }

  private void hashWritten(DiskSource written) {
    try (var reads = new DiskReads(written, 0, doneBytes)) {
      DiskReads.Chunk chunk;
      while ((chunk = reads.next()) != null) {
        hash(chunk.data());
      }
    }
  }

  private void copy() {
    try (var reads = new DiskReads(source, doneBytes, source.sizeBytes())) {
      DiskReads.Chunk chunk;
      while ((chunk = reads.next()) != null) {
        take(chunk);
        doneBytes = chunk.endBytes();
        options.progress.at(doneBytes, source.sizeBytes());
        if (System.nanoTime() - savedNanos >= SAVE_EVERY_NANOS) {
          save();
        }
      }
    }
  }

  private void take(DiskReads.Chunk chunk) {
    if (chunk.zeroes()) {
      target.writeZeroes(chunk.offsetBytes(), chunk.data().byteSize());
      hashZeroes(chunk.data().byteSize());
      return;
    }
    for (DamagedRange range : chunk.damaged()) {
      if (!options.skipDamaged()) {
        throw new DeviceException.Corrupt(
            source.description()
                + ": "
                + range
                + ". The image ends there. --skip-damaged writes zeroes for what is damaged, lists"
                + " it, and goes on");
      }
      chunk
          .data()
          .asSlice(range.sector() * 512 - chunk.offsetBytes(), range.sectorCount() * 512)
          .fill((byte) 0);
      damage.add(range);
    }
    target.write(chunk.offsetBytes(), chunk.data());
    hash(chunk.data());
  }

  private void hash(MemorySegment data) {
    if (digest != null) {
      digest.update(data.asByteBuffer());
    }
  }

  private void hashZeroes(long lengthBytes) {
    if (digest != null) {
      for (long at = 0; at < lengthBytes; at += HASH_BYTES) {
        digest.update(noBytes.duplicate().limit((int) Math.min(HASH_BYTES, lengthBytes - at)));
      }
    }
  }

  private void save() {
    if (file != null) {
      forceFailed = true;
      target.force();
      forceFailed = false;
      file.write(state());
    }
    savedNanos = System.nanoTime();
  }

  private ExportState state() {
    return new ExportState(
        from.at(),
        from.pinned(),
        target.mark(doneBytes),
        damage.ranges(),
        damage.count(),
        damage.sectors());
  }

  /**
   * What was reached before a failure is worth keeping; the failure itself is what counts. After a
   * force that failed another one says nothing of what it was for, so the state of before stands.
   */
  private void saveAfter(RuntimeException failure) {
    if (forceFailed) {
      return;
    }
    try {
      save();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
