package dev.isthmus.targets.nvme;

import dev.isthmus.targets.loop.Buffer;
import dev.isthmus.targets.loop.Outbox;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/**
 * Puts PDUs for the host into the outbox.
 *
 * <p>Threading: confined to its loop.
 */
final class PduSender {

  private final Outbox outbox;
  private final CRC32C crc = new CRC32C();
  private boolean headerDigest;
  private boolean dataDigest;
  // Where data starts in C2HData: header, digest, and the host's alignment.
  private int dataOffset = DataPdu.SIZE;

  PduSender(Outbox outbox) {
    this.outbox = outbox;
  }

  void agree(boolean headerDigestOn, boolean dataDigestOn, int hpda) {
    headerDigest = headerDigestOn;
    dataDigest = dataDigestOn;
    int alignment = (hpda + 1) * 4;
    int headerBytes = DataPdu.SIZE + headerDigestBytes();
    dataOffset = (headerBytes + alignment - 1) / alignment * alignment;
  }

  private int headerDigestBytes() {
    return headerDigest ? Digest.BYTES : 0;
  }

  private int headerFlags() {
    return headerDigest ? PduHeader.FLAG_HDGST : 0;
  }

  void icResp(IcResp response) {
    response.write(outbox.small(IcResp.SIZE), outbox.smallOffset());
  }

  void termReq(TermReq reason, MemorySegment offender, long offenderAt, int echoBytes) {
    MemorySegment s = outbox.small(TermReq.HEADER_SIZE + echoBytes);
    reason.write(s, outbox.smallOffset(), offender, offenderAt, echoBytes);
  }

  void capsuleResp(long result, int sqhd, int cid, int status) {
    MemorySegment s = outbox.small(CapsuleResp.SIZE + headerDigestBytes());
    writeCapsuleResp(s, outbox.smallOffset(), result, sqhd, cid, status);
  }

  private int writeCapsuleResp(
      MemorySegment s, int at, long result, int sqhd, int cid, int status) {
    int length = CapsuleResp.SIZE + headerDigestBytes();
    PduHeader.write(s, at, PduHeader.CAPSULE_RESP, headerFlags(), CapsuleResp.SIZE, 0, length);
    CapsuleResp.write(s, at, result, sqhd, cid, status);
    sealHeader(s, at, CapsuleResp.SIZE);
    return length;
  }

  void r2t(int cid, int ttag, int offsetBytes, int lengthBytes) {
    int length = DataPdu.SIZE + headerDigestBytes();
    MemorySegment s = outbox.small(length);
    int at = outbox.smallOffset();
    PduHeader.write(s, at, PduHeader.R2T, headerFlags(), DataPdu.SIZE, 0, length);
    DataPdu.write(s, at, cid, ttag, offsetBytes, lengthBytes);
    sealHeader(s, at, DataPdu.SIZE);
  }

  /**
   * Sends the first {@code lengthBytes} of {@code buffer}, which is released when they left, and
   * the command's success: by a flag where {@code successFlag}, else by a capsule of its own.
   */
  void data(Buffer buffer, int lengthBytes, int cid, long result, int sqhd, boolean successFlag) {
    MemorySegment s = buffer.whole();
    int start = Buffer.HEADROOM_BYTES - dataOffset;
    int end = Buffer.HEADROOM_BYTES + lengthBytes;
    int digestBytes = dataDigest ? Digest.BYTES : 0;
    int flags =
        headerFlags()
            | (dataDigest ? PduHeader.FLAG_DDGST : 0)
            | PduHeader.FLAG_LAST
            | (successFlag ? PduHeader.FLAG_SUCCESS : 0);
    PduHeader.write(
        s,
        start,
        PduHeader.C2H_DATA,
        flags,
        DataPdu.SIZE,
        dataOffset,
        dataOffset + lengthBytes + digestBytes);
    DataPdu.write(s, start, cid, 0, 0, lengthBytes);
    sealHeader(s, start, DataPdu.SIZE);
    int headerBytes = DataPdu.SIZE + headerDigestBytes();
    if (dataOffset > headerBytes) {
      s.asSlice(start + headerBytes, dataOffset - headerBytes).fill((byte) 0);
    }
    if (dataDigest) {
      Wire.put32(s, end, Digest.of(crc, s, Buffer.HEADROOM_BYTES, lengthBytes));
      end += Digest.BYTES;
    }
    if (!successFlag) {
      end += writeCapsuleResp(s, end, result, sqhd, cid, StatusCode.SUCCESS);
    }
    outbox.add(buffer, start, end - start);
  }

  private void sealHeader(MemorySegment s, int at, int headerBytes) {
    if (headerDigest) {
      Wire.put32(s, (long) at + headerBytes, Digest.of(crc, s, at, headerBytes));
    }
  }
}
