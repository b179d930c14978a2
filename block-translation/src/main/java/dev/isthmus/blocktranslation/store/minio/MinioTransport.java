package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.s3.HttpProxy;
import dev.isthmus.blocktranslation.store.s3.S3Connection;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import dev.isthmus.blocktranslation.store.s3.Tls;
import dev.isthmus.blocktranslation.store.s3.TrustManagers;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import okhttp3.ConnectionPool;
import okhttp3.Credentials;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Response;

/**
 * The connections to one server, by OkHttp: as many calls at once as the limits say, each on a
 * virtual thread that waits for its bytes; single attempts, no redirects.
 *
 * <p>Threading: thread-safe.
 */
final class MinioTransport implements AutoCloseable {

  /** Shorter than servers keep a silent connection: MinIO 30 s, by its code. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(20);

  private static final int PROXY_WANTS_LOGIN = 407;
  private static final int SERVICE_UNAVAILABLE = 503;

  private final ExecutorService threads;
  private final OkHttpClient client;
  private final int maxWaiting;

  /**
   * Prepares connections; opens none.
   *
   * @throws StoreException.Invalid if the settings can't work
   */
  MinioTransport(S3Settings settings, StoreLimits limits) {
    this.threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("minio-call-", 0).factory());
    // Attempts that were given up leave this queue when their turn comes.
    this.maxWaiting = limits.maxConnections() * limits.maxAttempts();
    var dispatcher = new Dispatcher(threads);
    dispatcher.setMaxRequests(limits.maxConnections());
    dispatcher.setMaxRequestsPerHost(limits.maxConnections());
    Duration attemptTimeout = Duration.ofNanos(limits.attemptTimeoutNanos());
    var builder =
        new OkHttpClient.Builder()
            .dispatcher(dispatcher)
            .connectionPool(
                new ConnectionPool(
                    limits.maxConnections(), KEEP_ALIVE.toSeconds(), TimeUnit.SECONDS))
            // A call of its own is cancelled by cutting its connection, which HTTP/2 would share.
            .protocols(List.of(Protocol.HTTP_1_1))
            .retryOnConnectionFailure(false)
            .followRedirects(false)
            .followSslRedirects(false)
            .addNetworkInterceptor(chain -> withoutRetryAfter(chain.proceed(chain.request())))
            .connectTimeout(S3Connection.CONNECT_TIMEOUT)
            .readTimeout(attemptTimeout)
            .writeTimeout(attemptTimeout)
            .callTimeout(attemptTimeout);
    trust(builder, settings.tls());
    proxy(builder, settings);
    this.client = builder.build();
  }

  /** OkHttp itself repeats a request that was answered 503 with {@code Retry-After: 0}. */
  private static Response withoutRetryAfter(Response answer) {
    return answer.code() == SERVICE_UNAVAILABLE
        ? answer.newBuilder().removeHeader("Retry-After").build()
        : answer;
  }

  private static void trust(OkHttpClient.Builder builder, Tls tls) {
    if (tls.equals(Tls.DEFAULT)) {
      return;
    }
    X509TrustManager manager = TrustManagers.of(tls);
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {manager}, null);
      builder.sslSocketFactory(context.getSocketFactory(), manager);
    } catch (GeneralSecurityException e) {
      throw new StoreException.Internal("TLS: " + e, e);
    }
    if (tls.insecureSkipVerify()) {
      builder.hostnameVerifier((_, _) -> true);
    }
  }

  private static void proxy(OkHttpClient.Builder builder, S3Settings settings) {
    URI server = settings.endpoint().url();
    HttpProxy proxy = HttpProxy.of(settings.proxy(), settings.endpoint().isTls(), System.getenv());
    if (proxy == null || server == null || !proxy.appliesTo(server.getHost())) {
      builder.proxy(Proxy.NO_PROXY);
      return;
    }
    builder.proxy(
        new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.host(), proxy.port())));
    String user = proxy.user();
    String password = proxy.password();
    if (user != null) {
      String login = Credentials.basic(user, password == null ? "" : password);
      builder.proxyAuthenticator((_, answer) ->
          answer.code() == PROXY_WANTS_LOGIN
                  && answer.request().header("Proxy-Authorization") == null
              ? answer.request().newBuilder().header("Proxy-Authorization", login).build()
              : null);
    }
  }

  /** What the MinIO client sends by. */
  OkHttpClient client() {
    return client;
  }

  /** Whether another call may wait for its turn. */
  boolean hasRoom() {
    return client.dispatcher().queuedCallsCount() < maxWaiting;
  }

  /** Cuts what is under way. */
  @Override
  public void close() {
    client.dispatcher().cancelAll();
    client.connectionPool().evictAll();
    threads.shutdown();
  }
}
