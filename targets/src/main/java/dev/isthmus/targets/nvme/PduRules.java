package dev.isthmus.targets.nvme;

/**
 * What must hold of a received PDU's header (NVMe/TCP 1.0, 3.6), before anything else of it is
 * believed.
 *
 * <p>Threading: immutable.
 *
 * @param inCapsuleBytes most data of a command capsule
 * @param maxH2cDataBytes most data of an H2CData PDU
 */
record PduRules(boolean headerDigest, boolean dataDigest, int inCapsuleBytes, int maxH2cDataBytes) {

  static final int CAPSULE_CMD_SIZE = PduHeader.SIZE + Sqe.SIZE;
  private static final int MAX_PDO = 255;

  int headerDigestBytes() {
    return headerDigest ? Digest.BYTES : 0;
  }

  /** Data digest bytes behind {@code dataBytes} of data. */
  int dataDigestBytes(int dataBytes) {
    return dataDigest && dataBytes > 0 ? Digest.BYTES : 0;
  }

  /** Longest PDU that is taken whole: a capsule with its data. */
  int longestWholeBytes() {
    return MAX_PDO + inCapsuleBytes + Digest.BYTES;
  }

  /** Data bytes of a PDU that passed its check. */
  int dataBytes(PduHeader h) {
    return h.plen() <= h.hlen() + headerDigestBytes()
        ? 0
        : h.plen() - h.pdo() - (dataDigest ? Digest.BYTES : 0);
  }

  void checkIcReq(PduHeader h) throws PduException {
    requireField(h.hlen() == IcReq.SIZE, PduHeader.HLEN_AT, "ICReq HLEN");
    requireField(h.plen() == IcReq.SIZE, PduHeader.PLEN_AT, "ICReq PLEN");
  }

  void checkTermReq(PduHeader h) throws PduException {
    requireField(h.hlen() == TermReq.HEADER_SIZE, PduHeader.HLEN_AT, "H2CTermReq HLEN");
    requireField(
        h.plen() >= TermReq.HEADER_SIZE && h.plen() <= TermReq.HEADER_SIZE + TermReq.MAX_ECHO_BYTES,
        PduHeader.PLEN_AT,
        "H2CTermReq PLEN");
  }

  void checkCapsule(PduHeader h) throws PduException {
    requireField(h.hlen() == CAPSULE_CMD_SIZE, PduHeader.HLEN_AT, "CapsuleCmd HLEN");
    requireField(h.has(PduHeader.FLAG_HDGST) == headerDigest, PduHeader.FLAGS_AT, "HDGST flag");
    int headerBytes = CAPSULE_CMD_SIZE + headerDigestBytes();
    requireField(h.plen() >= headerBytes, PduHeader.PLEN_AT, "CapsuleCmd PLEN");
    if (h.plen() > headerBytes) {
      checkData(h, headerBytes);
      requireField(dataBytes(h) <= inCapsuleBytes, PduHeader.PLEN_AT, "in-capsule data");
    }
  }

  void checkH2cData(PduHeader h) throws PduException {
    requireField(h.hlen() == DataPdu.SIZE, PduHeader.HLEN_AT, "H2CData HLEN");
    requireField(h.has(PduHeader.FLAG_HDGST) == headerDigest, PduHeader.FLAGS_AT, "HDGST flag");
    int headerBytes = DataPdu.SIZE + headerDigestBytes();
    requireField(h.plen() > headerBytes, PduHeader.PLEN_AT, "H2CData PLEN");
    checkData(h, headerBytes);
    if (dataBytes(h) > maxH2cDataBytes) {
      throw new PduException(
          TermReq.DATA_LIMIT_EXCEEDED, PduHeader.PLEN_AT, "H2CData beyond MAXH2CDATA");
    }
  }

  private void checkData(PduHeader h, int headerBytes) throws PduException {
    requireField(h.has(PduHeader.FLAG_DDGST) == dataDigest, PduHeader.FLAGS_AT, "DDGST flag");
    requireField(
        h.pdo() >= headerBytes && h.pdo() % 4 == 0 && h.pdo() < h.plen(), PduHeader.PDO_AT, "PDO");
    requireField(dataBytes(h) > 0, PduHeader.PLEN_AT, "PLEN");
  }

  static void requireField(boolean holds, int at, String what) throws PduException {
    if (!holds) {
      throw new PduException(TermReq.INVALID_HEADER_FIELD, at, "wrong " + what);
    }
  }
}
