package dev.isthmus.targets.loop;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket under its protocol core.
 *
 * <p>Threading: confined to its loop.
 */
final class NioConnection implements Transport {

  private static final Logger LOG = LoggerFactory.getLogger(NioConnection.class);

  /** Reads of one turn, so that one busy peer does not starve the others of the loop. */
  private static final int MAX_READS_PER_TURN = 4;

  /** How long a finished connection waits for its peer to end too. */
  private static final long LINGER_NANOS = 2_000_000_000L;

  /** Bytes read beside a direct target: the next message's header and a little more. */
  private static final int BESIDE_DIRECT_BYTES = 4096;

  private static final int LEAST_LEFTOVER_BYTES = 256;

  private enum Stage {
    OPEN,
    FINISHING,
    CLOSED
  }

  private final EventLoop loop;
  private final SocketChannel channel;
  private final SelectionKey key;
  private final Outbox outbox;
  private final SocketAddress remote;
  private final Protocol protocol;
  private final ByteBuffer[] scatter = new ByteBuffer[2];
  private final List<Runnable> dryActions = new ArrayList<>();
  // Bytes received and not consumed, between turns; at most the loop's scratch buffer.
  private byte[] leftover = new byte[0];
  private int leftoverBytes;
  private Stage stage = Stage.OPEN;
  private boolean paused;
  private boolean congested;
  private boolean wantsTurn;
  private boolean wantsRead;
  private boolean wantsWrite;
  private boolean halfClosed;
  private long lastReceivedNanos;
  private long lastSentNanos;
  private @Nullable TimerHandle stallTimer;

  @SuppressWarnings("ThisEscape") // The core is made last, and only keeps the transport.
  NioConnection(EventLoop loop, SocketChannel channel, SelectionKey key, ProtocolFactory factory)
      throws IOException {
    this.loop = loop;
    this.channel = channel;
    this.key = key;
    this.outbox = new Outbox(loop.smallBuffers());
    this.remote = channel.getRemoteAddress();
    this.lastReceivedNanos = loop.nowNanos();
    this.lastSentNanos = lastReceivedNanos;
    this.protocol = factory.create(this);
    armStallTimer();
  }

  // ---- receiving

  /** Reads what came, as far as one turn goes. */
  void readReady() {
    for (int round = 0; round < MAX_READS_PER_TURN; round++) {
      if (stage == Stage.CLOSED || (stage == Stage.OPEN && (paused || isCongested()))) {
        return;
      }
      if (!readOnce()) {
        return;
      }
    }
    wantRead();
  }

  /** Whether the peer has to read before we do. */
  private boolean isCongested() {
    if (outbox.isCongested()) {
      flush();
      if (stage == Stage.OPEN && outbox.isCongested() && !congested) {
        congested = true;
        updateInterest();
      }
    }
    return congested;
  }

  /** Returns whether more may be there. */
  private boolean readOnce() {
    ByteBuffer scratch = loop.scratch();
    scratch.clear();
    ByteBuffer direct = leftoverBytes == 0 && stage == Stage.OPEN ? protocol.directTarget() : null;
    long received;
    long asked;
    try {
      if (direct == null) {
        scratch.put(leftover, 0, leftoverBytes);
        scratch.limit(Math.min(scratch.capacity(), leftoverBytes + EventLoop.READ_BYTES));
        asked = scratch.remaining();
        received = channel.read(scratch);
      } else {
        if (direct.remaining() > EventLoop.READ_BYTES) {
          direct.limit(direct.position() + EventLoop.READ_BYTES);
        }
        scratch.limit(BESIDE_DIRECT_BYTES);
        asked = (long) direct.remaining() + scratch.remaining();
        scatter[0] = direct;
        scatter[1] = scratch;
        received = channel.read(scatter, 0, 2);
      }
    } catch (IOException e) {
      close(String.valueOf(e.getMessage()));
      return false;
    }
    if (received < 0) {
      close("the peer ended the connection");
      return false;
    }
    if (received == 0) {
      ranDry();
      return false;
    }
    lastReceivedNanos = loop.nowNanos();
    if (stage == Stage.FINISHING) {
      return true;
    }
    int directBytes = 0;
    if (direct != null) {
      directBytes = (int) Math.min(received, asked - BESIDE_DIRECT_BYTES);
      protocol.directReceived(directBytes);
    }
    int total = scratch.position();
    leftoverBytes = 0;
    if (total > 0) {
      offer(total);
    }
    // A short read emptied the socket; asking again would only cost a call, except where someone
    // needs to know for certain.
    return received == asked || !dryActions.isEmpty();
  }

  private void offer(int lengthBytes) {
    MemorySegment input = loop.scratchSegment();
    int consumed = protocol.received(input, lengthBytes);
    if (stage != Stage.OPEN) {
      return;
    }
    int rest = lengthBytes - consumed;
    if (rest >= protocol.maxUnconsumedBytes() && !paused) {
      close("the protocol took no more bytes");
      return;
    }
    keep(input, consumed, rest);
    enqueue();
  }

  private void keep(MemorySegment input, int from, int lengthBytes) {
    if (leftover.length < lengthBytes) {
      leftover = new byte[Math.max(LEAST_LEFTOVER_BYTES, Integer.highestOneBit(lengthBytes) << 1)];
    } else if (lengthBytes == 0 && leftover.length > EventLoop.READ_BYTES) {
      leftover = new byte[0];
    }
    MemorySegment.copy(
        input, java.lang.foreign.ValueLayout.JAVA_BYTE, from, leftover, 0, lengthBytes);
    leftoverBytes = lengthBytes;
  }

  private void ranDry() {
    if (paused || congested || dryActions.isEmpty()) {
      return;
    }
    List<Runnable> actions = List.copyOf(dryActions);
    dryActions.clear();
    actions.forEach(Runnable::run);
  }

  // ---- a turn asked for by the core

  private void enqueue() {
    if (!wantsTurn) {
      wantsTurn = true;
      loop.enqueueTurn(this);
    }
  }

  /** Does what was asked for since the last turn. */
  void turn() {
    wantsTurn = false;
    if (wantsRead && stage != Stage.CLOSED) {
      wantsRead = false;
      if (leftoverBytes > 0 && !paused && stage == Stage.OPEN) {
        int total = leftoverBytes;
        loop.scratch().clear().put(leftover, 0, total);
        leftoverBytes = 0;
        offer(total);
      }
      readReady();
    }
    flush();
  }

  void flush() {
    if (stage == Stage.CLOSED || wantsWrite) {
      return;
    }
    writeReady();
  }

  /** Sends what is queued. */
  void writeReady() {
    if (stage == Stage.CLOSED) {
      return;
    }
    try {
      if (outbox.pendingBytes() > 0 && outbox.writeTo(channel) > 0) {
        lastSentNanos = loop.nowNanos();
      }
      if (congested && !outbox.isCongested()) {
        congested = false;
        wantRead();
        updateInterest();
      }
      boolean blocked = outbox.pendingBytes() > 0;
      if (blocked != wantsWrite) {
        wantsWrite = blocked;
        updateInterest();
      }
      if (!blocked && stage == Stage.FINISHING && !halfClosed) {
        halfClosed = true;
        channel.shutdownOutput();
        loop.schedule(LINGER_NANOS, () -> close("finished"));
      }
    } catch (IOException e) {
      close(String.valueOf(e.getMessage()));
    }
  }

  private void updateInterest() {
    boolean reads = !(paused || congested) || stage == Stage.FINISHING;
    key.interestOps((reads ? SelectionKey.OP_READ : 0) | (wantsWrite ? SelectionKey.OP_WRITE : 0));
  }

  // ---- Transport

  @Override
  public EventLoop loop() {
    return loop;
  }

  @Override
  public Outbox outbox() {
    return outbox;
  }

  @Override
  public void wantFlush() {
    enqueue();
  }

  @Override
  public void pauseReading() {
    if (!paused && stage == Stage.OPEN) {
      paused = true;
      updateInterest();
    }
  }

  @Override
  public void resumeReading() {
    if (paused && stage == Stage.OPEN) {
      paused = false;
      updateInterest();
      wantRead();
    }
  }

  /** Looks at the socket in the next turn without waiting for the selector. */
  void wantRead() {
    wantsRead = true;
    enqueue();
  }

  @Override
  public void whenDry(Runnable action) {
    if (stage != Stage.OPEN) {
      return;
    }
    dryActions.add(action);
    wantRead();
  }

  @Override
  public void finish() {
    if (stage != Stage.OPEN) {
      return;
    }
    stage = Stage.FINISHING;
    leftoverBytes = 0;
    dryActions.clear();
    protocolClosed("finished");
    updateInterest();
    wantRead();
    loop.schedule(LINGER_NANOS * 2, () -> close("finished"));
  }

  @Override
  public void close(String reason) {
    if (stage == Stage.CLOSED) {
      return;
    }
    boolean wasOpen = stage == Stage.OPEN;
    stage = Stage.CLOSED;
    dryActions.clear();
    outbox.clear();
    if (stallTimer != null) {
      stallTimer.cancel();
    }
    key.cancel();
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing {}", remote, e);
    }
    loop.connectionClosed(this);
    if (wasOpen) {
      protocolClosed(reason);
    }
  }

  private void protocolClosed(String reason) {
    try {
      protocol.closed(reason);
    } catch (RuntimeException e) {
      LOG.error("ending the connection of {}", remote, e);
    }
  }

  @Override
  public SocketAddress remoteAddress() {
    return remote;
  }

  // ---- stalls

  private void armStallTimer() {
    stallTimer = loop.schedule(loop.stallNanos() / 4, this::checkStall);
  }

  private void checkStall() {
    if (stage == Stage.CLOSED) {
      return;
    }
    long now = loop.nowNanos();
    if (outbox.pendingBytes() == 0) {
      lastSentNanos = now;
    }
    if (stage != Stage.OPEN || paused || !protocol.awaitsPeer()) {
      lastReceivedNanos = now;
    }
    if (now - lastSentNanos > loop.stallNanos()) {
      close("the peer takes no data");
    } else if (now - lastReceivedNanos > loop.stallNanos()) {
      close("the peer sends no data that it owes");
    } else {
      armStallTimer();
    }
  }
}
