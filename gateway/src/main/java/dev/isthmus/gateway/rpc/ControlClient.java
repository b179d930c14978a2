package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.rpc.v1.BillsGrpc;
import dev.isthmus.gateway.rpc.v1.DaemonGrpc;
import dev.isthmus.gateway.rpc.v1.ScrubsGrpc;
import dev.isthmus.gateway.rpc.v1.VolumesGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** Calls a running daemon. Threading: thread-safe; calls block. */
public final class ControlClient implements AutoCloseable {

  private final Path socket;
  private final EventLoopGroup loop;
  private final ManagedChannel channel;

  /** For the daemon at a socket; connects at the first call. */
  public ControlClient(Path socket) {
    this.socket = socket;
    var address = ControlSocket.address(socket);
    this.loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    this.channel =
        NettyChannelBuilder.forAddress(address)
            .channelType(EpollDomainSocketChannel.class)
            .eventLoopGroup(loop)
            .directExecutor()
            .usePlaintext()
            .overrideAuthority("isthmus")
            .disableRetry()
            .build();
  }

  /**
   * Makes a call about volumes.
   *
   * @throws DeviceException as the daemon threw it
   */
  public <T> T volumes(Function<VolumesGrpc.VolumesBlockingStub, T> call) {
    return call(() -> call.apply(VolumesGrpc.newBlockingStub(channel)));
  }

  /** Makes a call about scrubs of volumes. */
  public <T> T scrubs(Function<ScrubsGrpc.ScrubsBlockingStub, T> call) {
    return call(() -> call.apply(ScrubsGrpc.newBlockingStub(channel)));
  }

  /** Makes a call about what volumes cost. */
  public <T> T bills(Function<BillsGrpc.BillsBlockingStub, T> call) {
    return call(() -> call.apply(BillsGrpc.newBlockingStub(channel)));
  }

  /** Makes a call about the daemon. */
  public <T> T daemon(Function<DaemonGrpc.DaemonBlockingStub, T> call) {
    return call(() -> call.apply(DaemonGrpc.newBlockingStub(channel)));
  }

  private <T> T call(Supplier<T> call) {
    if (!Files.exists(socket)) {
      throw new DeviceException.Unavailable(
          "no isthmus daemon runs here: there is no socket "
              + socket
              + ". Start one with `isthmus serve`, or name another's with --socket or --data-dir");
    }
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw StatusMapping.toException(e.getStatus(), socket.toString());
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
    var _ = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }
}
