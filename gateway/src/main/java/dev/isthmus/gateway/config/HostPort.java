package dev.isthmus.gateway.config;

import dev.isthmus.blockdevice.DeviceException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * An address and a port as people write them: {@code 10.0.0.1:4420}, {@code [::1]:4420}. Immutable.
 *
 * @param port 0 where it was left out, or for any free one
 */
public record HostPort(InetAddress address, int port) {

  private static final Pattern SHAPE =
      Pattern.compile(
          "(?:\\[(?<v6>[0-9A-Fa-f:.%]+)]|(?<host>[^:\\[\\]\\s]+))(?::(?<port>[0-9]{1,5}))?");

  /** Parses {@code ADDR:PORT}. */
  public static HostPort parse(String text) {
    return parse(text, true);
  }

  /** Parses {@code ADDR} or {@code ADDR:PORT}. */
  public static HostPort parsePortOptional(String text) {
    return parse(text, false);
  }

  private static HostPort parse(String text, boolean portNeeded) {
    var matcher = SHAPE.matcher(text);
    if (!matcher.matches() || (portNeeded && matcher.group("port") == null)) {
      throw new DeviceException.Invalid(
          "an address is "
              + (portNeeded ? "ADDR:PORT" : "ADDR or ADDR:PORT")
              + ", as in 127.0.0.1:4420 or [::1]:4420, not \""
              + text
              + "\"");
    }
    int port = matcher.group("port") == null ? 0 : Integer.parseInt(matcher.group("port"));
    if (port > 65_535) {
      throw new DeviceException.Invalid("a port is at most 65535, not " + port);
    }
    String host = matcher.group("v6") == null ? matcher.group("host") : matcher.group("v6");
    try {
      return new HostPort(InetAddress.getByName(host), port);
    } catch (UnknownHostException e) {
      throw new DeviceException.Invalid("no address is known for \"" + host + "\"", e);
    }
  }

  /** For binding. */
  public InetSocketAddress toSocketAddress() {
    return new InetSocketAddress(address, port);
  }

  /** The address alone, as commands take it. */
  public String addressText() {
    return address.getHostAddress();
  }

  @Override
  public String toString() {
    String host = addressText();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}
