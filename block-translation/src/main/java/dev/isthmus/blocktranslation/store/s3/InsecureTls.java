package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;

/**
 * Whether this process may connect without looking at certificates. A URI alone can't say so: it
 * may come from a colleague, a script or the catalogue, and who runs the process answers for the
 * data.
 *
 * <p>Threading: stateless; the permission is the process's own, given once as it starts.
 */
public final class InsecureTls {

  /** System property that gives the permission: {@code true}. */
  public static final String PROPERTY = "isthmus.insecureSkipVerify";

  /** The same as an environment variable, for commands that have no such flag. */
  public static final String ENVIRONMENT = "ISTHMUS_INSECURE_SKIP_VERIFY";

  /** What a user of such a connection is told. */
  public static final String WARNING =
      "insecure_skip_verify=true: the server's certificate is not looked at, so whoever stands"
          + " between can read and change the disk and use its credentials";

  private InsecureTls() {}

  /** Whether somebody gave the permission. */
  public static boolean isAllowed() {
    return Boolean.getBoolean(PROPERTY) || "true".equals(System.getenv(ENVIRONMENT));
  }

  /**
   * Refuses what was not permitted.
   *
   * @throws StoreException.Invalid saying how it is permitted
   */
  static void requireAllowed(S3Settings settings) {
    if (settings.tls().insecureSkipVerify() && !isAllowed()) {
      throw new StoreException.Invalid(
          settings.description()
              + ": insecure_skip_verify=true lets anybody between here and the server read and"
              + " change the disk, so whoever starts this process has to allow it: isthmus serve"
              + " --insecure-skip-verify, or "
              + ENVIRONMENT
              + "=true for other commands. Better: ca_file=/PATH.pem");
    }
  }
}
