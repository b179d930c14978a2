package dev.isthmus.blocktranslation.store.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP proxy on the loopback interface in front of one server, that does to requests what a
 * {@link FaultPlan} says. It passes every header on as it came, so that signatures hold. Each
 * connection of a client has one to the server.
 *
 * <p>Threading: thread-safe; a virtual thread for each connection.
 */
public final class FaultProxy implements AutoCloseable {

  /** The longest waits; most are shorter. All are below a client's time-out for one attempt. */
  private static final int LONGEST_HEADERS_MILLIS = 2_000;

  private static final int LATE_MILLIS = 500;
  private static final int LONGEST_BODY_MILLIS = 2_000;
  private static final int BODY_PIECES = 8;

  private static final String CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

  private final ServerSocket listener;
  private final InetSocketAddress server;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final OlderStates states = new OlderStates();
  private final Map<String, LongAdder> requests = new ConcurrentHashMap<>();
  private final AtomicLong connections = new AtomicLong();
  private final Random random;
  private volatile FaultPlan plan;

  private FaultProxy(ServerSocket listener, InetSocketAddress server, long seed, FaultPlan plan) {
    this.listener = listener;
    this.server = server;
    this.random = new Random(seed);
    this.plan = plan;
  }

  /**
   * Listens on a free port of the loopback interface.
   *
   * @param upstream the server, {@code http://HOST:PORT}
   */
  public static FaultProxy start(URI upstream, long seed, FaultPlan plan) throws IOException {
    var listener = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
    var proxy =
        new FaultProxy(
            listener, new InetSocketAddress(upstream.getHost(), upstream.getPort()), seed, plan);
    Thread.ofVirtual().name("fault-proxy").start(proxy::accept);
    return proxy;
  }

  /** Where clients connect to. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  /** From now on. */
  public void follow(FaultPlan newPlan) {
    plan = newPlan;
  }

  /** Requests that came, by method or as LIST, those that met a fault included. */
  public Map<String, Long> requests() {
    var counts = new java.util.TreeMap<String, Long>();
    requests.forEach((method, count) -> counts.put(method, count.sum()));
    return counts;
  }

  /** Connections that clients made. */
  public long connections() {
    return connections.get();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        sockets.add(client);
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        // Closed, or a client that went before it was accepted.
      }
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket upstream = new Socket()) {
      sockets.add(upstream);
      client.setTcpNoDelay(true);
      upstream.setTcpNoDelay(true);
      upstream.connect(server, 5_000);
      var fromClient = new BufferedInputStream(client.getInputStream(), 64 << 10);
      var fromServer = new BufferedInputStream(upstream.getInputStream(), 64 << 10);
      while (exchange(client, fromClient, upstream, fromServer)) {}
      sockets.remove(upstream);
    } catch (IOException | InterruptedException e) {
      // Either side went away: so does the other.
    } finally {
      sockets.remove(client);
    }
  }

  /** One request and its answer; false if the connection ends with it. */
  private boolean exchange(
      Socket client, InputStream fromClient, Socket upstream, InputStream fromServer)
      throws IOException, InterruptedException {
    HttpMessage request = readRequest(client, fromClient);
    if (request == null) {
      return false;
    }
    String kind = request.method().equals("GET") && request.hasQuery() ? "LIST" : request.method();
    requests.computeIfAbsent(kind, _ -> new LongAdder()).increment();
    HttpMessage stale = states.of(request);
    ProxyFault fault = plan.next(kind, stale != null);
    OutputStream toClient = client.getOutputStream();
    if (fault == ProxyFault.RESET) {
      client.setSoLinger(true, 0);
      return false;
    }
    HttpMessage refusal = refusal(fault, stale);
    if (refusal != null) {
      write(toClient, refusal);
      return true;
    }
    boolean spoilt = fault == ProxyFault.WRONG_BYTES && request.body().length > 0;
    write(upstream.getOutputStream(), spoilt ? spoil(request) : request);
    HttpMessage answer = readAnswer(request, fromServer);
    states.answered(request, answer);
    return pass(fault, request, answer, toClient) && !answer.closes() && !request.closes();
  }

  /** What the proxy answers by itself, or null. */
  private static @Nullable HttpMessage refusal(ProxyFault fault, @Nullable HttpMessage stale) {
    return switch (fault) {
      case SERVER_ERROR -> error(500, "Internal Server Error", "InternalError");
      case STORM -> error(503, "Service Unavailable", "SlowDown");
      case STALE_READ -> stale;
      default -> null;
    };
  }

  private static @Nullable HttpMessage readRequest(Socket client, InputStream in)
      throws IOException {
    List<String> head = HttpMessage.readHead(in);
    if (head == null) {
      return null;
    }
    if (HttpMessage.header(head, "Expect") != null) {
      client.getOutputStream().write(CONTINUE.getBytes(ISO_8859_1));
    }
    return HttpMessage.readBody(head, in, true).without("Expect");
  }

  private static HttpMessage readAnswer(HttpMessage request, InputStream in) throws IOException {
    List<String> head = HttpMessage.readHead(in);
    if (head == null) {
      throw new IOException("the server closed the connection");
    }
    int status = new HttpMessage(head, new byte[0]).status();
    boolean mayHaveBody = !request.method().equals("HEAD") && status != 204 && status != 304;
    return HttpMessage.readBody(head, in, mayHaveBody);
  }

  /** Gives the answer to the client, or what is left of it; false if the connection ends. */
  private boolean pass(
      ProxyFault fault, HttpMessage request, HttpMessage answer, OutputStream toClient)
      throws IOException, InterruptedException {
    switch (fault) {
      case PUT_REPLY_LOST -> {
        return false;
      }
      case REPLY_CUT -> {
        byte[] head = answer.headBytes();
        int length = answer.body().length;
        toClient.write(head, 0, length > 0 ? head.length : head.length / 2);
        toClient.write(answer.body(), 0, length / 2);
        toClient.flush();
        return false;
      }
      case SLOW_HEADERS -> {
        Thread.sleep(random.nextInt(LONGEST_HEADERS_MILLIS));
        write(toClient, answer);
      }
      case LATE -> {
        Thread.sleep(LATE_MILLIS);
        write(toClient, answer);
      }
      case SLOW_BODY -> writeSlowly(toClient, answer);
      case WRONG_BYTES ->
          write(toClient, request.body().length == 0 && isOk(answer) ? spoil(answer) : answer);
      default -> write(toClient, answer);
    }
    return true;
  }

  private static boolean isOk(HttpMessage answer) {
    return answer.status() / 100 == 2;
  }

  private void writeSlowly(OutputStream to, HttpMessage answer)
      throws IOException, InterruptedException {
    to.write(answer.headBytes());
    int length = answer.body().length;
    int waitMillis = random.nextInt(LONGEST_BODY_MILLIS) / BODY_PIECES;
    for (int piece = 0; piece < BODY_PIECES; piece++) {
      int from = (int) ((long) length * piece / BODY_PIECES);
      int to0 = (int) ((long) length * (piece + 1) / BODY_PIECES);
      Thread.sleep(waitMillis);
      to.write(answer.body(), from, to0 - from);
      to.flush();
    }
  }

  private HttpMessage spoil(HttpMessage message) {
    if (message.body().length == 0) {
      return message;
    }
    byte[] body = message.body().clone();
    int bit = random.nextInt(body.length * 8);
    body[bit / 8] ^= (byte) (1 << (bit % 8));
    return message.withBody(body);
  }

  private static HttpMessage error(int status, String reason, String code) {
    return OlderStates.answer(status, reason, "<Error><Code>" + code + "</Code></Error>");
  }

  private static void write(OutputStream to, HttpMessage message) throws IOException {
    to.write(message.headBytes());
    to.write(message.body());
    to.flush();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
