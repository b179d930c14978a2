package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.util.regex.Pattern;

/** Which HTTP proxy stands before the server. Immutable. */
public sealed interface ProxyChoice {

  /** What {@code HTTPS_PROXY}, {@code HTTP_PROXY} and {@code NO_PROXY} say: {@link HttpProxy}. */
  record FromEnvironment() implements ProxyChoice {}

  /** None, whatever the environment says. */
  record Direct() implements ProxyChoice {}

  /** This one, for every request. */
  record Through(String host, int port) implements ProxyChoice {

    /** A name, an IPv4 address, or an IPv6 address without its brackets. */
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:-]{1,255}");

    public Through {
      if (!HOST.matcher(host).matches() || port < 1 || port > 65_535) {
        throw new StoreException.Invalid("proxy= is http://HOST:PORT, or none");
      }
    }
  }

  static ProxyChoice fromEnvironment() {
    return new FromEnvironment();
  }

  static ProxyChoice direct() {
    return new Direct();
  }
}
