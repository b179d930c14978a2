package dev.isthmus.targets.loop;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listening socket. Deals its connections out to the loops of the group.
 *
 * <p>Threading: confined to its loop, but for {@link #address}.
 */
final class Listener {

  private static final Logger LOG = LoggerFactory.getLogger(Listener.class);

  /** Pause after accept failed for want of descriptors: trying at once would only spin. */
  private static final long ACCEPT_RETRY_NANOS = 100_000_000;

  private static final int MAX_ACCEPTS_PER_TURN = 64;
  private static final int BACKLOG = 512;

  private final EventLoopGroup group;
  private final EventLoop loop;
  private final ServerSocketChannel channel;
  private final ProtocolFactory factory;
  private final InetSocketAddress address;
  private @Nullable SelectionKey key;

  Listener(EventLoopGroup group, EventLoop loop, InetSocketAddress wanted, ProtocolFactory factory)
      throws IOException {
    this.group = group;
    this.loop = loop;
    this.factory = factory;
    this.channel = ServerSocketChannel.open();
    try {
      channel.configureBlocking(false);
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      channel.bind(wanted, BACKLOG);
      this.address = (InetSocketAddress) channel.getLocalAddress();
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  InetSocketAddress address() {
    return address;
  }

  void register() {
    try {
      key = channel.register(loop.selector(), SelectionKey.OP_ACCEPT, this);
    } catch (IOException e) {
      LOG.error("cannot listen on {}", address, e);
    }
  }

  void acceptReady() {
    for (int i = 0; i < MAX_ACCEPTS_PER_TURN; i++) {
      SocketChannel accepted;
      try {
        accepted = channel.accept();
      } catch (IOException e) {
        LOG.warn("accept on {} failed", address, e);
        pause();
        return;
      }
      if (accepted == null) {
        return;
      }
      take(accepted);
    }
  }

  private void take(SocketChannel accepted) {
    try {
      EventLoop owner = group.admit();
      if (owner == null) {
        LOG.warn("connection limit reached: {} refused", accepted.getRemoteAddress());
        accepted.close();
        return;
      }
      try {
        accepted.configureBlocking(false);
        accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
        accepted.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      } catch (IOException e) {
        group.connectionClosed();
        throw e;
      }
      owner.execute(() -> owner.adopt(accepted, factory));
    } catch (IOException e) {
      LOG.debug("a connection ended while it was accepted", e);
      try {
        accepted.close();
      } catch (IOException suppressed) {
        LOG.trace("closing it", suppressed);
      }
    }
  }

  private void pause() {
    SelectionKey registered = key;
    if (registered != null && registered.isValid()) {
      registered.interestOps(0);
      loop.schedule(
          ACCEPT_RETRY_NANOS,
          () -> {
            if (registered.isValid()) {
              registered.interestOps(SelectionKey.OP_ACCEPT);
            }
          });
    }
  }

  void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing {}", address, e);
    }
  }
}
