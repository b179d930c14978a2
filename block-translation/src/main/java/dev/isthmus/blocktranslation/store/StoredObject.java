package dev.isthmus.blocktranslation.store;

import java.lang.foreign.MemorySegment;

/**
 * What a get returned. The caller's own: nothing else refers to the memory.
 *
 * @param body the bytes, read-only; heap or native memory under the garbage collector's care
 * @param offsetBytes where in the object the body starts
 * @param objectLengthBytes length of the whole object
 * @param etag of the version that the body is from
 */
public record StoredObject(
    MemorySegment body, long offsetBytes, long objectLengthBytes, ETag etag) {

  public StoredObject {
    body = body.asReadOnly();
    if (offsetBytes < 0 || offsetBytes > objectLengthBytes - body.byteSize()) {
      throw new IllegalArgumentException(
          body.byteSize() + " bytes at " + offsetBytes + " of " + objectLengthBytes);
    }
  }
}
