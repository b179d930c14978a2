package dev.isthmus.gateway.kernel;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/**
 * Prints what an address of a test's network answers: a process, since networks are per process.
 */
final class Fetch {

  private Fetch() {}

  static void main(String[] arguments) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      var request =
          HttpRequest.newBuilder(URI.create(arguments[0])).timeout(Duration.ofSeconds(20)).build();
      var response = client.send(request, BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IOException(arguments[0] + ": " + response.statusCode());
      }
      System.out.print(response.body());
    }
  }
}
