package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import java.util.regex.Pattern;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;

/**
 * What the SDK throws, as what the caller does about it.
 *
 * <p>Only the status and the error code of an answer get into a message: an answer's own text may
 * repeat parts of the request, such as the key id or the string that was signed.
 */
final class S3Failures {

  private static final Pattern ERROR_CODE = Pattern.compile("[A-Za-z0-9.]{1,64}");

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
          return e;
        }
        case AwsServiceException e -> {
          return ofAnswer(kind, what, e.statusCode(), errorCode(e));
        }
        case IOException e -> {
          return new StoreException.Unreachable(what + ": " + e, e);
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

  private static String errorCode(AwsServiceException e) {
    if (e.awsErrorDetails() == null || e.awsErrorDetails().errorCode() == null) {
      return "";
    }
    String code = e.awsErrorDetails().errorCode();
    return ERROR_CODE.matcher(code).matches() ? code : "";
  }

  private static StoreException ofClient(String what, Throwable thrown) {
    String message = String.valueOf(thrown.getMessage());
    if (message.contains("checksum")) {
      return new StoreException.Damaged(what + ": the body does not match its checksum", thrown);
    }
    if (message.contains("Unable to load credentials")
        || message.contains("Profile file contained no credentials")) {
      return new StoreException.Unauthorized(
          what
              + ": no credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"
              + " credentials_file=PATH");
    }
    if (message.contains("Acquire operation took longer")
        || message.contains("Unable to execute HTTP request")) {
      return new StoreException.Unreachable(what + ": " + message, thrown);
    }
    return new StoreException.Internal(what + ": " + message, thrown);
  }

  private static StoreException ofAnswer(RequestKind kind, String what, int status, String code) {
    String text = what + ": " + status + (code.isEmpty() ? "" : " " + code);
    return switch (status) {
      case 400 -> ofBadRequest(text, code);
      case 401, 403 ->
          new StoreException.Unauthorized(
              code.equals("RequestTimeTooSkewed") ? text + ": set this machine's clock" : text);
      case 404 -> ofNotFound(kind, text, code);
      case 409 ->
          code.equals("ConditionalRequestConflict") || code.equals("OperationAborted")
              ? new StoreException.Conflict(text)
              : new StoreException.Invalid(text);
      case 412 -> new StoreException.PreconditionFailed(text, 1);
      case 416 -> new StoreException.OutOfRange(text);
      case 408 -> new StoreException.Timeout(text);
      case 429, 503 -> new StoreException.Throttled(text);
      case 501 -> new StoreException.Invalid(text + ": the server can't do this");
      default ->
          status >= 500 ? new StoreException.ServerFailed(text) : new StoreException.Invalid(text);
    };
  }

  private static StoreException ofBadRequest(String text, String code) {
    return switch (code) {
      case "RequestTimeout" -> new StoreException.Timeout(text);
      case "SlowDown" -> new StoreException.Throttled(text);
      case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
          new StoreException.Unauthorized(text);
      case "BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "IncompleteBody" ->
          new StoreException.Damaged(text, null);
      case "AuthorizationHeaderMalformed" ->
          new StoreException.Invalid(text + ": is region= the bucket's region?");
      default -> new StoreException.Invalid(text);
    };
  }

  /** Absent is only what S3 says is absent: a proxy's 404 must not end a log. */
  private static StoreException ofNotFound(RequestKind kind, String text, String code) {
    return switch (code) {
      case "NoSuchKey" ->
          kind == RequestKind.PUT
              ? new StoreException.PreconditionFailed(text, 1)
              : new StoreException.NotFound(text);
      // VersityGW's word for an access key that nobody has.
      case "XAdminUserNotFound" -> new StoreException.Unauthorized(text);
      case "NoSuchBucket" -> new StoreException.Invalid(text + ": create the bucket first");
      default -> new StoreException.Invalid(text + ": is the endpoint an S3 server?");
    };
  }
}
