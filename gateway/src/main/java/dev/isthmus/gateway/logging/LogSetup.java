package dev.isthmus.gateway.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Log lines go to standard error: text for people, or one JSON object a line for collectors.
 *
 * <p>Set up in code rather than by a file on the classpath, since level and format are settings
 * like any other.
 */
public final class LogSetup {

  /** Libraries whose chatter is of no use to who runs a gateway. */
  private static final List<String> CHATTY =
      List.of(
          "net.openhft",
          "chronicle",
          "software.amazon.awssdk",
          "org.apache.http",
          "io.netty",
          "io.grpc",
          "com.sun.net.httpserver",
          "sun.net.httpserver");

  /** Warns at each connection that a Unix socket knows no SO_KEEPALIVE, which gRPC sets. */
  private static final String SOCKET_OPTIONS = "io.grpc.netty.shaded.io.netty.bootstrap";

  private LogSetup() {}

  /**
   * Replaces whatever logging was set up before.
   *
   * @param level error, warn, info, debug or trace; libraries stay at warn unless it is trace
   * @param json one JSON object a line, rather than text
   */
  public static void apply(String level, boolean json) {
    var context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    var appender = new ConsoleAppender<ILoggingEvent>();
    appender.setContext(context);
    appender.setTarget("System.err");
    appender.setEncoder(json ? json(context) : text(context));
    appender.start();
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.addAppender(appender);
    Level chosen = Level.toLevel(level);
    root.setLevel(chosen);
    if (chosen.isGreaterOrEqual(Level.DEBUG)) {
      Level library = chosen.isGreaterOrEqual(Level.WARN) ? chosen : Level.WARN;
      CHATTY.forEach(name -> context.getLogger(name).setLevel(library));
      context.getLogger(SOCKET_OPTIONS).setLevel(Level.ERROR);
    }
  }

  private static Encoder<ILoggingEvent> text(LoggerContext context) {
    var encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} - %msg%n%ex{full}");
    encoder.start();
    return encoder;
  }

  private static Encoder<ILoggingEvent> json(LoggerContext context) {
    var encoder = new JsonEncoder();
    encoder.setContext(context);
    encoder.setWithSequenceNumber(false);
    encoder.setWithNanoseconds(false);
    encoder.setWithContext(false);
    encoder.setWithMessage(false);
    encoder.setWithArguments(false);
    encoder.setWithFormattedMessage(true);
    encoder.start();
    return encoder;
  }
}
