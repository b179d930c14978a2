package dev.isthmus.blocktranslation.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a {@link TestMinio} itself counted: requests of S3 by their name ({@code GetObject}), and
 * the bytes that it sent. Immutable.
 *
 * @param byName all since its start
 * @param sentBytes with all headers
 */
public record MinioRequests(TreeMap<String, Long> byName, long sentBytes) {

  private static final Pattern REQUESTS =
      Pattern.compile("minio_api_requests_total\\{.*name=\"(\\w+)\".*type=\"s3\"} (\\S+)");

  private static final Pattern SENT =
      Pattern.compile("minio_api_requests_traffic_sent_bytes\\{.*type=\"s3\"} (\\S+)");

  /** How long two answers have to agree: it gathers some of its figures no more often. */
  private static final long STEADY_MILLIS = 1500;

  /** Asks until the answer stays the same. */
  public static MinioRequests steady(TestS3Server server) throws InterruptedException {
    MinioRequests before = read(server);
    while (true) {
      Thread.sleep(STEADY_MILLIS);
      MinioRequests now = read(server);
      if (now.equals(before)) {
        return now;
      }
      before = now;
    }
  }

  private static MinioRequests read(TestS3Server server) throws InterruptedException {
    URI page = server.endpoint().resolve("/minio/metrics/v3/api/requests");
    String text;
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new AssertionError(page + " answers " + answer.statusCode());
      }
      text = answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var byName = new TreeMap<String, Long>();
    Matcher requests = REQUESTS.matcher(text);
    while (requests.find()) {
      byName.put(requests.group(1), whole(requests.group(2)));
    }
    Matcher sent = SENT.matcher(text);
    return new MinioRequests(byName, sent.find() ? whole(sent.group(1)) : 0);
  }

  private static long whole(String number) {
    return (long) Double.parseDouble(number);
  }

  /** How often one was asked. */
  public long of(String name) {
    return byName.getOrDefault(name, 0L);
  }

  /** What was asked since {@code earlier}. */
  public MinioRequests since(MinioRequests earlier) {
    var more = new TreeMap<String, Long>();
    byName.forEach((name, count) -> {
      if (count > earlier.of(name)) {
        more.put(name, count - earlier.of(name));
      }
    });
    return new MinioRequests(more, sentBytes - earlier.sentBytes);
  }
}
