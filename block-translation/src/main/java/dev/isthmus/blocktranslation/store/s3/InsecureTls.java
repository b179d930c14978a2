package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.StoreException;
import java.util.List;

/**
 * Whether this process may connect without looking at certificates. A URI alone can't say so: it
 * may come from a colleague, a script or the catalogue, and who runs the process answers for the
 * data.
 *
 * <p>Threading: stateless; the permission is the process's own, given once as it starts.
 */
public final class InsecureTls {

  /** What {@link #allow} said. */
  private static final String PROPERTY = "isthmus.insecureSkipVerify";

  /** The permission for commands that have no flag for it. */
  private static final String ENVIRONMENT = "ISTHMUS_INSECURE_SKIP_VERIFY";

  /** What a user of such a connection is told. */
  static final String WARNING =
      "insecure_skip_verify=true: the server's certificate is not looked at, so whoever stands"
          + " between can read and change the disk and use its credentials";

  private InsecureTls() {}

  /** Gives the permission to this process, or refuses it whatever the environment says. */
  public static void allow(boolean allowed) {
    System.setProperty(PROPERTY, Boolean.toString(allowed));
  }

  private static boolean isAllowed() {
    String said = System.getProperty(PROPERTY);
    return "true".equals(said == null ? System.getenv(ENVIRONMENT) : said);
  }

  /** What people are told who look at a disk in the bucket at {@code uri}; empty for no danger. */
  public static List<String> warnings(StorageUri uri) {
    return "true".equals(uri.get("insecure_skip_verify")) ? List.of(WARNING) : List.of();
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
