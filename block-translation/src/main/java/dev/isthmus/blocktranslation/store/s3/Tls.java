package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Whom a TLS connection trusts. Immutable.
 *
 * @param caFile certificates in PEM that a server's must be signed by, and no others; null for
 *     those that the Java runtime trusts
 * @param insecureSkipVerify whether any certificate of any name will do, so that whoever stands in
 *     the way reads and changes everything; see {@link InsecureTls}
 */
public record Tls(@Nullable Path caFile, boolean insecureSkipVerify) {

  /** What the Java runtime trusts. */
  public static final Tls DEFAULT = new Tls(null, false);

  public Tls {
    if (caFile != null && !caFile.isAbsolute()) {
      throw new StoreException.Invalid("ca_file= is an absolute path");
    }
    if (caFile != null && insecureSkipVerify) {
      throw new StoreException.Invalid(
          "ca_file= says whom to trust and insecure_skip_verify=true to trust anybody: leave one"
              + " out");
    }
  }
}
