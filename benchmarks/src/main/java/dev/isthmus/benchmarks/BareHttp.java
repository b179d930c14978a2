package dev.isthmus.benchmarks;

import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/**
 * What the same bytes cost without any S3 client: the JDK's HTTP client, unsigned, without a
 * checksum, against a bucket that everybody may use. Threading: thread-safe.
 */
final class BareHttp implements StoreBenchmark.Client, AutoCloseable {

  private static final String EVERYBODY =
      """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},
       "Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::BUCKET/*"]}]}
      """;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String base;

  BareHttp(TestMinio minio) {
    this.base = minio.endpoint() + "/" + minio.bucket() + "/";
    try (S3AsyncClient client = minio.client()) {
      client
          .putBucketPolicy(
              r -> r.bucket(minio.bucket()).policy(EVERYBODY.replace("BUCKET", minio.bucket())))
          .join();
    }
  }

  @Override
  public String name() {
    return "bare HTTP";
  }

  @Override
  public CompletableFuture<?> put(String key, byte[] body) {
    var request =
        HttpRequest.newBuilder(URI.create(base + key))
            .PUT(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
    return http.sendAsync(request, BodyHandlers.discarding())
        .thenAccept(response -> require(response, 200));
  }

  @Override
  public CompletableFuture<?> get(String key, long offsetBytes, int lengthBytes) {
    var request =
        HttpRequest.newBuilder(URI.create(base + key))
            .header("Range", "bytes=" + offsetBytes + "-" + (offsetBytes + lengthBytes - 1))
            .build();
    return http.sendAsync(request, BodyHandlers.ofByteArray())
        .thenAccept(response -> {
          require(response, 206);
          if (response.body().length != lengthBytes) {
            throw new IllegalStateException(response.body().length + " bytes came");
          }
        });
  }

  private static void require(HttpResponse<?> response, int status) {
    if (response.statusCode() != status) {
      throw new IllegalStateException(response.uri() + ": " + response.statusCode());
    }
  }

  @Override
  public void close() throws IOException {
    http.close();
  }
}
