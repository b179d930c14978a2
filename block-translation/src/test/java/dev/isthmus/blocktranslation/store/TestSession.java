package dev.isthmus.blocktranslation.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/**
 * Credentials that are allowed what a policy says and nothing else: a session of the server's owner
 * (STS AssumeRole with a policy of its own), as MinIO gives them. Stateless.
 */
public final class TestSession {

  private TestSession() {}

  /**
   * Asks for a session.
   *
   * @param policy JSON
   * @param file where its credentials go, in the format of {@code ~/.aws/credentials}
   * @return {@code file}
   */
  public static Path credentials(TestS3Server server, String policy, Path file)
      throws IOException, InterruptedException {
    byte[] body =
        ("Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600&Policy="
                + URLEncoder.encode(policy, UTF_8))
            .getBytes(UTF_8);
    URI target = URI.create(server.endpoint() + "/");
    SdkHttpRequest plain =
        SdkHttpRequest.builder()
            .method(SdkHttpMethod.POST)
            .uri(target)
            .putHeader("Content-Type", "application/x-www-form-urlencoded")
            .build();
    SdkHttpRequest signed =
        AwsV4HttpSigner.create()
            .sign(r ->
                r.identity(AwsCredentialsIdentity.create(server.accessKey(), server.secretKey()))
                    .request(plain)
                    .payload(ContentStreamProvider.fromByteArray(body))
                    .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "sts")
                    .putProperty(AwsV4HttpSigner.REGION_NAME, "us-east-1"))
            .request();
    var request = HttpRequest.newBuilder(target).POST(HttpRequest.BodyPublishers.ofByteArray(body));
    signed
        .headers()
        .forEach((name, values) -> {
          if (!name.equalsIgnoreCase("host") && !name.equalsIgnoreCase("content-length")) {
            values.forEach(value -> request.header(name, value));
          }
        });
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IOException("no session: " + response.statusCode() + " " + response.body());
      }
      Files.writeString(
          file,
          "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n"
              .formatted(
                  value("AccessKeyId", response.body()),
                  value("SecretAccessKey", response.body()),
                  value("SessionToken", response.body())));
      return file;
    }
  }

  private static String value(String tag, String xml) throws IOException {
    Matcher found = Pattern.compile("<" + tag + ">([^<]*)</" + tag + ">").matcher(xml);
    if (!found.find()) {
      throw new IOException("the answer has no " + tag);
    }
    return found.group(1);
  }
}
