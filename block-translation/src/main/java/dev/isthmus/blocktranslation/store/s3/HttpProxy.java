package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A proxy that requests go through, and the hosts that they go to without it. Immutable.
 *
 * <p>The environment is read here and not by the SDK: its Netty client looks at {@code HTTP_PROXY}
 * for a TLS endpoint unless told otherwise, takes the scheme of the server for that of the proxy,
 * and takes {@code .example.com} in {@code NO_PROXY} for a regular expression.
 *
 * @param host its name or address
 * @param port its port
 * @param user for a proxy that asks; null for none. Comes from the environment alone
 * @param password for that user
 * @param exceptions hosts without it, in lower case: names with all names below them; {@code *} is
 *     all
 */
public record HttpProxy(
    String host,
    int port,
    @Nullable String user,
    @Nullable String password,
    List<String> exceptions) {

  /** What an environment's proxy is never asked for: it would reach its own machine. */
  private static final List<String> LOOPBACK = List.of("localhost", "127.0.0.1", "::1");

  public HttpProxy {
    exceptions = List.copyOf(exceptions);
  }

  /**
   * What a choice means for a server, or null for no proxy at all.
   *
   * @param tls whether the server is reached by TLS, which has a variable of its own
   * @throws StoreException.Invalid if the environment can't be understood
   */
  public static @Nullable HttpProxy of(
      ProxyChoice choice, boolean tls, Map<String, String> environment) {
    return switch (choice) {
      case ProxyChoice.Direct _ -> null;
      case ProxyChoice.Through(String host, int port) ->
          new HttpProxy(host, port, null, null, List.of());
      case ProxyChoice.FromEnvironment _ -> fromEnvironment(tls, environment);
    };
  }

  private static @Nullable HttpProxy fromEnvironment(boolean tls, Map<String, String> environment) {
    String name = tls ? "HTTPS_PROXY" : "HTTP_PROXY";
    String text = either(name, environment);
    if (text.isEmpty()) {
      return null;
    }
    URI uri;
    try {
      uri = new URI(text.contains("://") ? text : "http://" + text).parseServerAuthority();
    } catch (URISyntaxException e) {
      // Its message repeats the text, which may hold a password.
      throw new StoreException.Invalid(name + " in the environment is not http://HOST:PORT");
    }
    if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
      throw new StoreException.Invalid(
          name + " in the environment is not http://HOST:PORT, which is all that is known here");
    }
    String[] login =
        uri.getRawUserInfo() == null ? new String[0] : uri.getRawUserInfo().split(":", 2);
    var exceptions = new ArrayList<>(LOOPBACK);
    for (String exception : either("NO_PROXY", environment).split(",", -1)) {
      String host = exception.strip().toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", "");
      if (!host.isEmpty()) {
        exceptions.add(host);
      }
    }
    return new HttpProxy(
        bare(uri.getHost()),
        uri.getPort() < 0 ? 80 : uri.getPort(),
        login.length > 0 ? decoded(login[0]) : null,
        login.length > 1 ? decoded(login[1]) : null,
        exceptions);
  }

  /** The lower-case name wins, as with curl. */
  private static String either(String name, Map<String, String> environment) {
    String lower = environment.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    return (lower.isEmpty() ? environment.getOrDefault(name, "") : lower).strip();
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static String bare(String host) {
    return host.replaceAll("[\\[\\]]", "");
  }

  /** Whether requests to {@code server} go through it. */
  public boolean appliesTo(String server) {
    return nonProxyHosts().stream().noneMatch(p -> bare(server).matches(p));
  }

  /** The exceptions as the SDK's clients want them: regular expressions of whole names. */
  List<String> nonProxyHosts() {
    var patterns = new ArrayList<String>();
    for (String exception : exceptions) {
      patterns.add(exception.equals("*") ? ".*" : "(?i)(.*\\.)?" + Pattern.quote(exception));
    }
    return patterns;
  }

  /** As {@code http://HOST:PORT}. */
  public String uri() {
    return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
  }

  /** Without the password. */
  @Override
  public String toString() {
    return uri();
  }

  /** Whether an address, as it is written, is this machine's own. No name is looked up. */
  static boolean isLoopback(String host) {
    if (host.equals("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(bare(host)).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
