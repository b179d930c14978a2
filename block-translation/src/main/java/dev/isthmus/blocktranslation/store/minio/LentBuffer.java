package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.PutBody;
import io.minio.ByteBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/**
 * A {@link PutBody} as the MinIO client reads it, from the start each time: once to sign, once to
 * send. Nothing is buffered beyond what the reader asks for, and nothing is read once the request
 * has ended.
 *
 * <p>Threading: each stream is confined to its reader.
 */
final class LentBuffer extends ByteBuffer {

  private final PutBody body;

  LentBuffer(PutBody body) {
    super(body.lengthBytes());
    this.body = body;
  }

  @Override
  public long length() {
    return body.lengthBytes();
  }

  @Override
  public InputStream inputStream() {
    return new Reader(body);
  }

  private static final class Reader extends InputStream {
    private final PutBody body;
    private int offsetBytes;

    Reader(PutBody body) {
      this.body = body;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, target.length);
      int left = body.lengthBytes() - offsetBytes;
      if (length == 0 || left == 0) {
        return length == 0 ? 0 : -1;
      }
      byte[] part = new byte[Math.min(length, left)];
      if (!body.copy(offsetBytes, part, part.length)) {
        throw new IOException("the request has ended");
      }
      System.arraycopy(part, 0, target, offset, part.length);
      offsetBytes += part.length;
      return part.length;
    }
  }
}
