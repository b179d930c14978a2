package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;

/** A host identifier of 128 bits (Base 2.0, 5.27.1.25), as it stands on the wire. */
record HostId(long first, long second) {

  static final int BYTES = 16;

  static HostId read(MemorySegment s, long at) {
    return new HostId(Wire.i64(s, at), Wire.i64(s, at + 8));
  }

  void write(MemorySegment s, long at) {
    Wire.put64(s, at, first);
    Wire.put64(s, at + 8, second);
  }
}
