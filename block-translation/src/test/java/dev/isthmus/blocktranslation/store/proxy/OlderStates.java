package dev.isthmus.blocktranslation.store.proxy;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What keys held before their newest PUT that passed, for a server whose reads lag behind. Bodies
 * are kept of small objects alone: of what is replaced, which is the manifest.
 *
 * <p>Threading: thread-safe; guarded by this.
 */
final class OlderStates {

  /** A manifest has at most 64 KiB. */
  private static final int MOST_KEPT_BYTES = 64 << 10;

  /** Keys that are remembered; the oldest are forgotten. */
  private static final int MOST_KEYS = 20_000;

  private static final HttpMessage ABSENT =
      answer(404, "Not Found", "<Error><Code>NoSuchKey</Code></Error>");

  /** What a GET brought last, by key. */
  private final Map<String, HttpMessage> seen = new HashMap<>();

  private final Map<String, HttpMessage> older =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, HttpMessage> eldest) {
          return size() > MOST_KEYS;
        }
      };

  /** An answer with an S3 error in its body. */
  static HttpMessage answer(int status, String reason, String xml) {
    byte[] body = xml.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return new HttpMessage(
        List.of(
            "HTTP/1.1 " + status + " " + reason,
            "Content-Type: application/xml",
            "Content-Length: " + body.length),
        body);
  }

  /** A request was answered, whether or not its client heard of it. */
  synchronized void answered(HttpMessage request, HttpMessage answer) {
    if (request.hasQuery()) {
      return;
    }
    String key = request.path();
    boolean whole = HttpMessage.header(request.head(), "Range") == null;
    if (request.method().equals("GET") && answer.status() == 200 && whole) {
      if (answer.body().length <= MOST_KEPT_BYTES) {
        seen.put(key, answer);
      }
    } else if (request.method().equals("PUT") && answer.status() == 200) {
      older.put(key, seen.getOrDefault(key, ABSENT));
    } else if (request.method().equals("DELETE")) {
      older.remove(key);
      seen.remove(key);
    }
  }

  /** What a GET of it would have been answered before; null if that is not known. */
  synchronized @Nullable HttpMessage of(HttpMessage request) {
    HttpMessage state = request.hasQuery() ? null : older.get(request.path());
    boolean ranged = HttpMessage.header(request.head(), "Range") != null;
    return state != null && ranged && state.status() == 200 ? null : state;
  }
}
