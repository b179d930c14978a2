package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.MemorySegment;

/** The NVM command set (NVM Command Set 1.0, 3.2). Threading: stateless. */
final class IoCommands implements CommandHandler {

  private static final int ALL_NAMESPACES = 0xFFFF_FFFF;
  private static final int FUA = 1 << 30;
  private static final int DEALLOCATE = 1 << 25;
  private static final int DSM_DEALLOCATE = 1 << 2;
  private static final int DSM_RANGE_BYTES = 16;
  private static final int MAX_DSM_RANGES = 256;

  /** Verify reads so much at a time. */
  private static final int VERIFY_CHUNK_BYTES = 256 << 10;

  private final NvmeLimits limits;

  IoCommands(NvmeLimits limits) {
    this.limits = limits;
  }

  static NvmeOperation operation(int opcode) {
    return switch (opcode) {
      case Opcode.READ -> NvmeOperation.READ;
      case Opcode.WRITE -> NvmeOperation.WRITE;
      case Opcode.FLUSH -> NvmeOperation.FLUSH;
      case Opcode.WRITE_ZEROES -> NvmeOperation.WRITE_ZEROES;
      case Opcode.DATASET_MANAGEMENT -> NvmeOperation.DEALLOCATE;
      case Opcode.COMPARE -> NvmeOperation.COMPARE;
      case Opcode.VERIFY -> NvmeOperation.VERIFY;
      default -> NvmeOperation.ADMIN;
    };
  }

  // ---- checks

  @Override
  public int check(Command c) {
    Association association = c.queue.connectedAssociation();
    if (!association.isReady()) {
      return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
    }
    if ((c.flags & Sqe.FUSED_MASK) != 0) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    if (operation(c.opcode) == NvmeOperation.ADMIN) {
      return StatusCode.dnr(StatusCode.INVALID_OPCODE);
    }
    // With one namespace a flush of all is a flush of that one.
    int nsid = c.opcode == Opcode.FLUSH && c.nsid == ALL_NAMESPACES ? 1 : c.nsid;
    Namespace namespace = association.subsystem().namespace(nsid);
    if (namespace == null) {
      return StatusCode.dnr(StatusCode.INVALID_NAMESPACE);
    }
    if (!association.knowsIdentity(namespace)) {
      return association.takesRetryDelays()
          ? StatusCode.withRetryDelay(
              StatusCode.NAMESPACE_NOT_READY, IoStatusMapping.RETRY_DELAY_IDENTITY)
          : StatusCode.NAMESPACE_NOT_READY;
    }
    c.namespace = namespace;
    DeviceInfo info = namespace.info();
    return switch (c.opcode) {
      case Opcode.FLUSH -> StatusCode.SUCCESS;
      case Opcode.DATASET_MANAGEMENT -> checkDatasetManagement(c, info);
      default -> checkRange(c, info);
    };
  }

  private int checkRange(Command c, DeviceInfo info) {
    long start = c.startBlock();
    long blocks = blocks(c);
    if (start < 0 || start > info.blocks() - blocks) {
      return StatusCode.dnr(StatusCode.LBA_OUT_OF_RANGE);
    }
    boolean changes = c.opcode == Opcode.WRITE || c.opcode == Opcode.WRITE_ZEROES;
    if (changes && info.readOnly()) {
      return StatusCode.dnr(StatusCode.NAMESPACE_WRITE_PROTECTED);
    }
    if (c.opcode == Opcode.WRITE_ZEROES) {
      return StatusCode.SUCCESS;
    }
    long length = blocks * info.blockSizeBytes();
    if (c.opcode == Opcode.VERIFY) {
      c.bufferBytes = (int) Math.min(length, VERIFY_CHUNK_BYTES);
      return StatusCode.SUCCESS;
    }
    if (length > maxTransferBytes(info, limits)) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    if (c.sglLength != length) {
      return StatusCode.dnr(StatusCode.DATA_SGL_LENGTH_INVALID);
    }
    c.bufferBytes = (int) (c.opcode == Opcode.COMPARE ? 2 * length : length);
    c.hostBytes = c.opcode == Opcode.READ ? 0 : (int) length;
    return StatusCode.SUCCESS;
  }

  private static int checkDatasetManagement(Command c, DeviceInfo info) {
    int ranges = (c.cdw10 & 0xFF) + 1;
    // Linux always hands over room for 256 ranges and fills as many as it means.
    if (c.sglLength < ranges * DSM_RANGE_BYTES || c.sglLength > MAX_DSM_RANGES * DSM_RANGE_BYTES) {
      return StatusCode.dnr(StatusCode.DATA_SGL_LENGTH_INVALID);
    }
    if (info.readOnly() && (c.cdw11 & DSM_DEALLOCATE) != 0) {
      return StatusCode.dnr(StatusCode.NAMESPACE_WRITE_PROTECTED);
    }
    c.hostBytes = c.sglLength;
    c.bufferBytes = c.sglLength;
    return StatusCode.SUCCESS;
  }

  private static long blocks(Command c) {
    return (c.cdw12 & 0xFFFF) + 1L;
  }

  /** Most bytes of one transfer: MDTS, a power of two times 4096. */
  static int maxTransferBytes(DeviceInfo info, NvmeLimits limits) {
    return Math.min(Integer.highestOneBit(info.maxTransferBytes()), limits.maxTransferBytes());
  }

  // ---- execution

  @Override
  public void execute(Command c) {
    Namespace namespace = c.namespace();
    int blockSize = namespace.info().blockSizeBytes();
    long offset = c.startBlock() * blockSize;
    int length = (int) (blocks(c) * blockSize);
    boolean fua = (c.cdw12 & FUA) != 0;
    boolean durable = fua || c.queue.connectedAssociation().isWriteCacheOff();
    switch (c.opcode) {
      case Opcode.FLUSH -> submit(c, IoCommand.FLUSH);
      case Opcode.WRITE -> submit(c, new IoCommand.Write(offset, c.payload(length), durable));
      case Opcode.READ, Opcode.COMPARE -> {
        // FUA on a read: what is returned must be as durable as a flush makes it.
        if (fua && namespace.info().volatileWriteCache()) {
          submit(c, IoCommand.FLUSH);
        } else {
          c.progress = 1;
          readAll(c, offset, length);
        }
      }
      case Opcode.WRITE_ZEROES ->
          submit(
              c,
              new IoCommand.WriteZeroes(
                  offset, blocks(c) * blockSize, (c.cdw12 & DEALLOCATE) != 0, durable));
      case Opcode.VERIFY -> verifyNext(c);
      default -> {
        if (rangesLieWithin(c, namespace.info())) {
          discardNext(c);
        } else {
          c.queue.respond(c, StatusCode.dnr(StatusCode.LBA_OUT_OF_RANGE), 0);
        }
      }
    }
  }

  private static void submit(Command c, IoCommand command) {
    c.submit(c.namespace().device(), command);
  }

  private static void readAll(Command c, long offset, int length) {
    // A compare keeps the host's data in front and reads behind it.
    MemorySegment into =
        c.opcode == Opcode.COMPARE
            ? c.payload(2 * length).asSlice(length, length)
            : c.payload(length);
    submit(c, new IoCommand.Read(offset, into));
  }

  private static void verifyNext(Command c) {
    int blockSize = c.namespace().info().blockSizeBytes();
    long left = blocks(c) * blockSize - c.progress;
    if (left == 0) {
      c.queue.respond(c, StatusCode.SUCCESS, 0);
      return;
    }
    int chunk = (int) Math.min(left, VERIFY_CHUNK_BYTES);
    long offset = c.startBlock() * blockSize + c.progress;
    c.progress += chunk;
    submit(c, new IoCommand.Read(offset, c.payload(chunk)));
  }

  private static int rangesToDiscard(Command c) {
    return (c.cdw11 & DSM_DEALLOCATE) == 0 ? 0 : (c.cdw10 & 0xFF) + 1;
  }

  private static long rangeBlocks(MemorySegment data, long index) {
    return Integer.toUnsignedLong(Wire.i32(data, index * DSM_RANGE_BYTES + 4));
  }

  private static long rangeStart(MemorySegment data, long index) {
    return Wire.i64(data, index * DSM_RANGE_BYTES + 8);
  }

  private static boolean rangesLieWithin(Command c, DeviceInfo info) {
    MemorySegment data = c.payload(c.hostBytes);
    for (int i = 0; i < rangesToDiscard(c); i++) {
      long start = rangeStart(data, i);
      if (start < 0 || start > info.blocks() - rangeBlocks(data, i)) {
        return false;
      }
    }
    return true;
  }

  /** Dataset Management: one range after the other; {@code progress} is the next one. */
  private static void discardNext(Command c) {
    int ranges = rangesToDiscard(c);
    long blockSize = c.namespace().info().blockSizeBytes();
    MemorySegment data = c.payload(c.hostBytes);
    while (c.progress < ranges) {
      long index = c.progress++;
      long blocks = rangeBlocks(data, index);
      if (blocks > 0) {
        submit(c, new IoCommand.Discard(rangeStart(data, index) * blockSize, blocks * blockSize));
        return;
      }
    }
    c.queue.respond(c, StatusCode.SUCCESS, 0);
  }

  @Override
  public void deviceDone(Command c, IoStatus status) {
    Association association = c.queue.connectedAssociation();
    Namespace namespace = c.namespace();
    if (status != IoStatus.OK) {
      boolean reads =
          c.opcode == Opcode.READ || c.opcode == Opcode.COMPARE || c.opcode == Opcode.VERIFY;
      int field =
          IoStatusMapping.statusField(
              status, reads, namespace.ana(), association.takesRetryDelays());
      c.queue.respond(c, field, 0);
      return;
    }
    int blockSize = namespace.info().blockSizeBytes();
    int length = (int) (blocks(c) * blockSize);
    switch (c.opcode) {
      case Opcode.READ -> {
        if (c.progress++ == 0) {
          readAll(c, c.startBlock() * blockSize, length);
        } else {
          c.queue.respondWithData(c, length);
        }
      }
      case Opcode.COMPARE -> {
        if (c.progress++ == 0) {
          readAll(c, c.startBlock() * blockSize, length);
        } else {
          compare(c, length);
        }
      }
      case Opcode.VERIFY -> verifyNext(c);
      case Opcode.DATASET_MANAGEMENT -> discardNext(c);
      default -> c.queue.respond(c, StatusCode.SUCCESS, 0);
    }
  }

  private static void compare(Command c, int length) {
    MemorySegment both = c.payload(2 * length);
    long difference = MemorySegment.mismatch(both, 0, length, both, length, 2L * length);
    c.queue.respond(
        c, difference < 0 ? StatusCode.SUCCESS : StatusCode.dnr(StatusCode.COMPARE_FAILURE), 0);
  }
}
