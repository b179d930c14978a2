package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreException;
import io.netty.handler.ssl.NotSslRecordException;
import java.io.IOException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/**
 * The one table from what a server or a connection says to what the caller does about it, whichever
 * library brought it.
 *
 * <p>Only the status and the error code of an answer get into a message: an answer's own text may
 * repeat parts of the request, such as the key id or the string that was signed.
 */
public final class S3Errors {

  private static final Pattern ERROR_CODE = Pattern.compile("[A-Za-z0-9.]{1,64}");

  /** What a server may not like about a put that a settings' author asked for. */
  private static final String PLACEMENT =
      ": if sse=, kms_key=, storage_class= or tags= is said, does the server have that?";

  private S3Errors() {}

  /** An error code as far as it is one; else empty. */
  public static String code(@Nullable String text) {
    return text != null && ERROR_CODE.matcher(text).matches() ? text : "";
  }

  static String codeOf(AwsServiceException e) {
    return e.awsErrorDetails() == null ? "" : code(e.awsErrorDetails().errorCode());
  }

  /**
   * An answer that is no success.
   *
   * @param what the request, for the message
   * @param code as {@link #code} gives it
   */
  public static StoreException ofAnswer(RequestKind kind, String what, int status, String code) {
    String text = what + ": " + status + (code.isEmpty() ? "" : " " + code);
    return switch (status) {
      case 301, 307, 308 ->
          new StoreException.Invalid(text + ": the bucket is in another region: say region=…");
      case 400 -> ofBadRequest(kind, text, code);
      case 401, 403 ->
          new StoreException.Unauthorized(
              code.equals("RequestTimeTooSkewed") ? text + ": set this machine's clock" : text);
      case 404 -> ofNotFound(kind, text, code);
      case 407 -> new StoreException.Invalid(text + ": the proxy asks for a user and password");
      case 409 ->
          code.equals("ConditionalRequestConflict") || code.equals("OperationAborted")
              ? new StoreException.Conflict(text)
              : new StoreException.Invalid(text);
      case 412 -> new StoreException.PreconditionFailed(text, 1);
      case 416 -> new StoreException.OutOfRange(text);
      case 408, 429 -> new StoreException.Throttled(text);
      case 501 ->
          new StoreException.Invalid(
              text + ": the server can't do this" + (kind == RequestKind.PUT ? PLACEMENT : ""));
      default ->
          status >= 500 ? new StoreException.Throttled(text) : new StoreException.Invalid(text);
    };
  }

  private static StoreException ofBadRequest(RequestKind kind, String text, String code) {
    return switch (code) {
      case "" ->
          new StoreException.Invalid(
              text + ": does the server want TLS (endpoint=https://…, or tls=on)?");
      case "RequestTimeout", "SlowDown" -> new StoreException.Throttled(text);
      case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
          new StoreException.Unauthorized(text);
      case "BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "IncompleteBody" ->
          new StoreException.Corrupt(text);
      case "AuthorizationHeaderMalformed" ->
          new StoreException.Invalid(text + ": is region= the bucket's region?");
      case "InvalidStorageClass" ->
          new StoreException.Invalid(text + ": the server has no such storage_class=");
      default -> new StoreException.Invalid(kind == RequestKind.PUT ? text + PLACEMENT : text);
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

  /** What failed before a request was known to anybody, such as finding credentials. */
  public static StoreException located(String what, StoreException e) {
    String message = String.valueOf(e.getMessage());
    String text = message.startsWith(what) ? message : what + ": " + message;
    return switch (e) {
      case StoreException.Unauthorized _ -> new StoreException.Unauthorized(text);
      case StoreException.Throttled _ -> new StoreException.Throttled(text);
      case StoreException.Unreachable u -> new StoreException.Unreachable(text, u.getCause());
      default -> e;
    };
  }

  /** No whole answer came. All of it may pass: a certificate that was not renewed gets renewed. */
  public static StoreException ofTransport(String what, IOException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof CertificateException
          || t instanceof CertPathBuilderException
          || t instanceof CertPathValidatorException) {
        return new StoreException.Unreachable(
            what
                + ": the server's certificate is not trusted ("
                + t.getMessage()
                + "): ca_file=/PATH.pem names the certificates that sign it",
            e);
      }
      if (t instanceof NotSslRecordException || isPlainText(t)) {
        return new StoreException.Unreachable(
            what
                + ": the server does not speak TLS there: minio:// with tls=off, or an endpoint="
                + " with http://, if that is meant",
            e);
      }
    }
    return new StoreException.Unreachable(what + ": " + e, e);
  }

  private static boolean isPlainText(Throwable t) {
    return t instanceof SSLException
        && String.valueOf(t.getMessage()).contains("Unsupported or unrecognized SSL message");
  }
}
