package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;

/** What the SDK throws, brought to {@link S3Errors}. */
final class S3Failures {

  private S3Failures() {}

  /**
   * Translates.
   *
   * @param what the request, for the message
   */
  static StoreException translate(RequestKind kind, String what, Throwable thrown) {
    SdkClientException ofClient = null;
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      switch (t) {
        case StoreException e -> {
          return S3Errors.located(what, e);
        }
        case AwsServiceException e -> {
          return S3Errors.ofAnswer(kind, what, e.statusCode(), S3Errors.codeOf(e));
        }
        case IOException e -> {
          return S3Errors.ofTransport(what, e);
        }
        case SdkClientException e -> ofClient = e;
        default -> {}
      }
    }
    if (ofClient != null) {
      return ofClient(what, ofClient);
    }
    return new StoreException.Internal(what + ": " + thrown, thrown);
  }

  private static StoreException ofClient(String what, Throwable thrown) {
    String message = String.valueOf(thrown.getMessage());
    if (message.contains("checksum")) {
      return new StoreException.Corrupt(what + ": the body does not match its checksum", thrown);
    }
    if (message.contains("Acquire operation took longer")
        || message.contains("Unable to execute HTTP request")) {
      return new StoreException.Unreachable(what + ": " + message, thrown);
    }
    return new StoreException.Internal(what + ": " + message, thrown);
  }
}
