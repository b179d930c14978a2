package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.targets.nvme.NvmeTestInitiator;
import java.io.IOException;

/**
 * The time in which one gateway owns the volume and its client writes. Threading: confined to the
 * test's thread.
 *
 * @param baseLsn the volume's newest LSN before the client's first write; each write is one more
 * @param base the disk before that
 */
record RaceTerm(
    RaceGateway owner,
    String volume,
    long baseLsn,
    long incarnation,
    String nguid,
    StampedDisk base,
    RaceWriter writer) {

  private static final int READ_BLOCKS = 32;

  /** Connects a client to a volume that is published; it waits to be resumed. */
  static RaceTerm begin(RaceGateway owner, Volume opened, StampedDisk base, int client, long seed)
      throws IOException {
    NvmeTestInitiator host = owner.connect(opened.getName());
    return new RaceTerm(
        owner,
        opened.getName(),
        opened.getAppliedLsn(),
        opened.getIncarnation(),
        host.nguid(),
        base,
        new RaceWriter(host, client, base.blocks(), seed));
  }

  /** The disk after the client's first {@code writes}. */
  StampedDisk after(int writes) {
    StampedDisk disk = base.copy();
    writer.writes(writes).forEach(disk::wrote);
    return disk;
  }

  /** Lets the client pause, reads the whole disk, and fails if anything differs. */
  void check(String what) throws Exception {
    writer.pause();
    assertEquals(0, writer.status(), () -> "the client of " + owner + " was refused");
    assertEquals(
        baseLsn + writer.submitted(), owner.show(volume).getAppliedLsn(), "one LSN for each write");
    StampedDisk expected = after(writer.submitted());
    try (NvmeTestInitiator reader = owner.connect(volume)) {
      for (int block = 0; block < expected.blocks(); block += READ_BLOCKS) {
        NvmeTestInitiator.ReadResult read = reader.read(block, READ_BLOCKS);
        assertEquals(0, read.code(), "read from block " + block);
        assertEquals("", expected.difference(block, read.data()), what);
      }
    }
  }
}
