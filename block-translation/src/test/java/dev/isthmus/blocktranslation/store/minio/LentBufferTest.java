package dev.isthmus.blocktranslation.store.minio;

import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blocktranslation.store.PutBody;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

class LentBufferTest {

  /** The client reads it twice over plain HTTP: to sign it and to send it. */
  @Test
  void eachReadingIsOfTheWhole() throws IOException {
    byte[] body = bytes(100_001, 1);
    var buffer = new LentBuffer(new PutBody(segments(body)));
    assertEquals(body.length, buffer.length());
    for (int reading = 0; reading < 2; reading++) {
      try (InputStream in = buffer.inputStream()) {
        assertEquals(body[0] & 0xff, in.read());
        byte[] target = new byte[body.length];
        assertEquals(0, in.read(target, 5, 0));
        target[0] = body[0];
        int filled = 1;
        for (int n = in.read(target, filled, 4096); n > 0; ) {
          filled += n;
          n = in.read(target, filled, Math.min(4096, target.length - filled));
        }
        assertEquals(body.length, filled);
        assertArrayEquals(body, target);
        assertEquals(-1, in.read());
        assertEquals(-1, in.read(target, 0, 10));
      }
    }
  }
}
