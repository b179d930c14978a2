package dev.isthmus.blocktranslation.store.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A request or an answer of HTTP/1.1, whole in memory (RFC 9112 §2). Immutable.
 *
 * @param head start line and header lines, without line ends
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record HttpMessage(List<String> head, byte[] body) {

  private static final int MAX_HEAD_BYTES = 64 << 10;
  private static final int MAX_BODY_BYTES = 65 << 20;

  String startLine() {
    return head.getFirst();
  }

  String method() {
    return startLine().substring(0, startLine().indexOf(' '));
  }

  /** Path of the target, without its query. */
  String path() {
    String target = startLine().split(" ", 3)[1];
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  boolean hasQuery() {
    return startLine().split(" ", 3)[1].indexOf('?') >= 0;
  }

  int status() {
    return Integer.parseInt(startLine().split(" ", 3)[1]);
  }

  static @Nullable String header(List<String> head, String name) {
    for (String line : head.subList(1, head.size())) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
        return line.substring(colon + 1).strip();
      }
    }
    return null;
  }

  boolean closes() {
    return "close".equalsIgnoreCase(header(head, "Connection"));
  }

  HttpMessage without(String name) {
    String prefix = name.toLowerCase(Locale.ROOT) + ":";
    return new HttpMessage(
        head.stream().filter(line -> !line.toLowerCase(Locale.ROOT).startsWith(prefix)).toList(),
        body);
  }

  HttpMessage withBody(byte[] newBody) {
    return new HttpMessage(head, newBody);
  }

  byte[] headBytes() {
    return (String.join("\r\n", head) + "\r\n\r\n").getBytes(ISO_8859_1);
  }

  /** Start line and headers; null at the end of the stream. */
  static @Nullable List<String> readHead(InputStream in) throws IOException {
    var bytes = new ByteArrayOutputStream();
    int newLines = 0;
    while (newLines < 2) {
      int b = in.read();
      if (b < 0) {
        if (bytes.size() == 0) {
          return null;
        }
        throw new EOFException("in a head");
      }
      bytes.write(b);
      newLines = b == '\n' ? newLines + 1 : b == '\r' ? newLines : 0;
      if (bytes.size() > MAX_HEAD_BYTES) {
        throw new IOException("a head of more than " + MAX_HEAD_BYTES + " bytes");
      }
    }
    return bytes.toString(ISO_8859_1).strip().lines().toList();
  }

  /**
   * The rest of a message.
   *
   * @param mayHaveBody false for an answer to HEAD and for 204 and 304
   */
  static HttpMessage readBody(List<String> head, InputStream in, boolean mayHaveBody)
      throws IOException {
    if (!mayHaveBody) {
      return new HttpMessage(head, new byte[0]);
    }
    if ("chunked".equalsIgnoreCase(header(head, "Transfer-Encoding"))) {
      byte[] body = readChunks(in);
      var newHead = new ArrayList<>(new HttpMessage(head, body).without("Transfer-Encoding").head);
      newHead.add("Content-Length: " + body.length);
      return new HttpMessage(newHead, body);
    }
    String length = header(head, "Content-Length");
    int bytes = length == null ? 0 : Integer.parseInt(length);
    if (bytes < 0 || bytes > MAX_BODY_BYTES) {
      throw new IOException("a body of " + bytes + " bytes");
    }
    byte[] body = in.readNBytes(bytes);
    if (body.length < bytes) {
      throw new EOFException("in a body");
    }
    return new HttpMessage(head, body);
  }

  private static byte[] readChunks(InputStream in) throws IOException {
    var body = new ByteArrayOutputStream();
    while (true) {
      int length = Integer.parseInt(readLine(in).split(";", 2)[0].strip(), 16);
      if (length < 0 || body.size() + (long) length > MAX_BODY_BYTES) {
        throw new IOException("chunks of more than " + MAX_BODY_BYTES + " bytes");
      }
      body.write(in.readNBytes(length));
      readLine(in);
      if (length == 0) {
        return body.toByteArray();
      }
    }
  }

  private static String readLine(InputStream in) throws IOException {
    var line = new ByteArrayOutputStream();
    int b;
    while ((b = in.read()) != '\n') {
      if (b < 0 || line.size() > 1024) {
        throw new EOFException("in a chunk's head");
      }
      line.write(b);
    }
    return line.toString(ISO_8859_1).strip();
  }
}
