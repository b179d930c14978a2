package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.daemon.VolumeManager;
import dev.isthmus.gateway.rpc.v1.DaemonStatus;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Serves the control interface on a Unix socket that its owner alone may open (mode 0600); whoever
 * may open it may do everything.
 *
 * <p>Threading: thread-safe.
 */
public final class ControlServer implements AutoCloseable {

  /** Largest request: a name, a URI and an allow-list of 1024 NQNs of 223 bytes. */
  private static final int MAX_REQUEST_BYTES = 512 << 10;

  /** Longest that a stop waits for calls under way. */
  private static final long DRAIN_SECONDS = 2;

  private final Path socket;
  private final Server server;
  private final EventLoopGroup loop;
  private final ExecutorService calls;

  private ControlServer(Path socket, Server server, EventLoopGroup loop, ExecutorService calls) {
    this.socket = socket;
    this.server = server;
    this.loop = loop;
    this.calls = calls;
  }

  /**
   * Binds {@code socket} and serves. A socket that a dead daemon left behind is replaced.
   *
   * @param prices the price table of bills; null for the one that comes along
   * @throws DeviceException.Unavailable if it can't be bound, or a living daemon answers on it
   */
  public static ControlServer start(
      Path socket, VolumeManager volumes, @Nullable Path prices, Supplier<DaemonStatus> status) {
    DomainSocketAddress address = ControlSocket.address(socket);
    removeStale(socket);
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    try {
      Server server =
          NettyServerBuilder.forAddress(address)
              .channelType(EpollServerDomainSocketChannel.class)
              .bossEventLoopGroup(loop)
              .workerEventLoopGroup(loop)
              .executor(calls)
              .maxInboundMessageSize(MAX_REQUEST_BYTES)
              .addService(new VolumesService(volumes))
              .addService(new ScrubsService(volumes))
              .addService(new BillsService(volumes, prices))
              .addService(new DaemonService(status))
              .build()
              .start();
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      return new ControlServer(socket, server, loop, calls);
    } catch (IOException e) {
      var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
      calls.shutdownNow();
      throw new DeviceException.Unavailable(
          "cannot serve the control socket " + socket + ": " + e.getMessage(), e);
    }
  }

  private static void removeStale(Path socket) {
    if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException refused) {
      delete(socket);
      return;
    }
    throw new DeviceException.Unavailable(
        "another program serves the socket "
            + socket
            + ": stop it, or choose another with --socket");
  }

  private static void delete(Path socket) {
    try {
      if (!Files.readAttributes(
              socket, java.nio.file.attribute.BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther()) {
        throw new DeviceException.Invalid(socket + " is no socket: choose another with --socket");
      }
      Files.delete(socket);
    } catch (IOException e) {
      throw new DeviceException.Unavailable(
          "cannot replace the old socket " + socket + ": " + e, e);
    }
  }

  /** Takes no more calls, waits shortly for those under way, removes the socket. */
  @Override
  public void close() {
    server.shutdown();
    try {
      if (!server.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
        server.shutdownNow();
      }
      Files.deleteIfExists(socket);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      server.shutdownNow();
    } catch (IOException e) {
      // A socket left behind is replaced at the next start.
    }
    var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    calls.shutdownNow();
  }
}
