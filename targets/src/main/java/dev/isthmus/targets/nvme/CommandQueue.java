package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.targets.loop.Buffer;
import dev.isthmus.targets.loop.BufferPool;
import dev.isthmus.targets.loop.EventLoop;
import dev.isthmus.targets.loop.Transport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A submission and completion queue pair: its slots, what its commands wait for, and how it ends.
 *
 * <p>A queue that ended is cancelled at once, for all threads; it is <em>drained</em> when the
 * device gave back the last of its commands. Until then nothing of its host may be trusted to come
 * after it (ghost writes), which {@link ConnectGate} waits for.
 *
 * <p>Threading: confined to its loop, but for what says otherwise.
 */
final class CommandQueue implements BufferPool.Waiter {

  /** Slots until Connect told the queue's size: Connect, and what a host sends by mistake. */
  private static final int SLOTS_BEFORE_CONNECT = 4;

  private final TargetState target;
  private final Transport transport;
  private final EventLoop loop;
  private final PduSender sender;
  private Command[] slots = new Command[0];
  private int[] freeSlots = new int[0];
  private int freeCount;
  // Bounded by the slots.
  private final ArrayDeque<Command> waitingForMemory = new ArrayDeque<>();
  private final List<Runnable> settleWaiters = new ArrayList<>();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicLong lastCommandNanos;

  private @Nullable Association association;
  private int qid = -1;
  private int entries;
  private int sqhd;
  private boolean flowControl = true;
  private int receivingCount;
  private boolean ended;
  private volatile boolean cancelled;

  CommandQueue(TargetState target, Transport transport, PduSender sender) {
    this.target = target;
    this.transport = transport;
    this.loop = transport.loop();
    this.sender = sender;
    this.lastCommandNanos = new AtomicLong(loop.nowNanos());
    makeSlots(SLOTS_BEFORE_CONNECT);
  }

  private void makeSlots(int count) {
    int old = slots.length;
    slots = java.util.Arrays.copyOf(slots, count);
    freeSlots = java.util.Arrays.copyOf(freeSlots, count);
    for (int i = count - 1; i >= old; i--) {
      slots[i] = new Command(this, i, target.fabricsCommands());
      freeSlots[freeCount++] = i;
    }
  }

  // ---- what it belongs to

  EventLoop loop() {
    return loop;
  }

  TargetState target() {
    return target;
  }

  Transport transport() {
    return transport;
  }

  /** The association, or null before Connect. */
  @Nullable Association association() {
    return association;
  }

  boolean isConnected() {
    return association != null;
  }

  /** The association of a connected queue. */
  Association connectedAssociation() {
    Association connected = association;
    if (connected == null) {
      throw new IllegalStateException("the queue is not connected");
    }
    return connected;
  }

  /** 0 for the admin queue; -1 before Connect. */
  int qid() {
    return qid;
  }

  boolean isAdmin() {
    return qid == 0;
  }

  /** Takes the place that a successful Connect gave it. */
  void connected(Association to, int queueId, int queueEntries, boolean withFlowControl) {
    association = to;
    qid = queueId;
    entries = queueEntries;
    flowControl = withFlowControl;
    if (queueEntries > slots.length) {
      makeSlots(queueEntries);
    }
  }

  // ---- slots

  /** A free slot, or null if the host sent more commands than its queue has entries. */
  @Nullable Command take() {
    int limit = entries == 0 ? SLOTS_BEFORE_CONNECT : entries;
    int used = slots.length - freeCount;
    return used >= limit || freeCount == 0 ? null : slots[freeSlots[--freeCount]];
  }

  /** Undoes {@link #take}. */
  void giveBack(Command command) {
    Buffer buffer = command.buffer;
    if (buffer != null) {
      command.buffer = null;
      buffer.release();
    }
    command.stage = Command.Stage.FREE;
    freeSlots[freeCount++] = command.slot;
    Runnable onEnd = command.onEnd;
    if (onEnd != null) {
      command.onEnd = null;
      onEnd.run();
    }
  }

  /** The command that waits for data under this tag, or null. */
  @Nullable Command receiving(int ttag) {
    return ttag < slots.length && slots[ttag].stage == Command.Stage.RECEIVING ? slots[ttag] : null;
  }

  /** The command with this identifier that was not answered yet, other than {@code besides}. */
  @Nullable Command find(int cid, Command besides) {
    for (Command command : slots) {
      if (command.stage != Command.Stage.FREE && command.cid == cid && command != besides) {
        return command;
      }
    }
    return null;
  }

  /** Whether the host owes data that was asked for. */
  boolean awaitsData() {
    return receivingCount > 0;
  }

  /** When the last command came, of {@link System#nanoTime}. From any thread. */
  long lastCommandNanos() {
    return lastCommandNanos.getAcquire();
  }

  void commandCame() {
    lastCommandNanos.setRelease(loop.nowNanos());
  }

  // ---- a command's way

  /** Goes on with a command that passed its handler's check and whose data is not in-capsule. */
  void proceed(Command command) {
    if (command.bufferBytes == 0) {
      execute(command);
      return;
    }
    Buffer buffer =
        waitingForMemory.isEmpty() ? loop.transferBuffers().acquire(command.bufferBytes) : null;
    if (buffer != null) {
      gotMemory(command, buffer);
      return;
    }
    command.stage = Command.Stage.WAITS_FOR_MEMORY;
    waitingForMemory.add(command);
    if (waitingForMemory.size() == 1) {
      loop.transferBuffers().await(this);
    }
  }

  private void gotMemory(Command command, Buffer buffer) {
    command.buffer = buffer;
    if (command.hostBytes > 0) {
      command.stage = Command.Stage.RECEIVING;
      receivingCount++;
      sender.r2t(command.cid, command.slot, 0, command.hostBytes);
    } else {
      execute(command);
    }
  }

  @Override
  public BufferPool.Outcome memoryFreed() {
    Command command = waitingForMemory.element();
    if (!command.isAborted()) {
      Buffer buffer = loop.transferBuffers().acquire(command.bufferBytes);
      if (buffer == null) {
        return BufferPool.Outcome.STARVED;
      }
      waitingForMemory.remove();
      gotMemory(command, buffer);
    } else {
      waitingForMemory.remove();
      respond(command, StatusCode.ABORT_REQUESTED, 0);
    }
    transport.wantFlush();
    return waitingForMemory.isEmpty()
        ? BufferPool.Outcome.SATISFIED
        : BufferPool.Outcome.WANTS_MORE;
  }

  /** Ends an aborted command that waits for memory; others end by themselves. */
  void dropIfWaiting(Command command) {
    if (waitingForMemory.size() > 1 && waitingForMemory.remove(command)) {
      respond(command, StatusCode.ABORT_REQUESTED, 0);
    }
  }

  /** All data of a command came. */
  void received(Command command) {
    receivingCount--;
    if (command.transportStatus != StatusCode.SUCCESS) {
      respond(command, command.transportStatus, 0);
    } else {
      execute(command);
    }
  }

  void execute(Command command) {
    command.stage = Command.Stage.EXECUTING;
    if (command.isAborted()) {
      respond(command, StatusCode.ABORT_REQUESTED, 0);
    } else {
      command.handler.execute(command);
    }
  }

  /** A command goes to the device. */
  void entersDevice(Command command) {
    command.inFlight = true;
    inFlight.setRelease(inFlight.getPlain() + 1);
  }

  /** A command came back from the device. */
  void leftDevice(Command command, IoStatus status) {
    command.inFlight = false;
    inFlight.setRelease(inFlight.getPlain() - 1);
    if (!ended) {
      command.handler.deviceDone(command, status);
      transport.wantFlush();
      return;
    }
    giveBack(command);
    if (inFlight.getPlain() == 0) {
      drained();
    }
  }

  /** Commands that the device holds. From any thread. */
  int inFlight() {
    return inFlight.getAcquire();
  }

  // ---- answers

  /** Ends a command without data. */
  void respond(Command command, int status, long result) {
    if (ended) {
      // Its slot went with the queue.
      return;
    }
    command.lastCode = status & StatusCode.CODE_MASK;
    target.count(command, status, 0);
    sender.capsuleResp(result, advance(), command.cid, status);
    giveBack(command);
    transport.wantFlush();
  }

  /** Ends a command with success and the first {@code lengthBytes} of its buffer. */
  void respondWithData(Command command, int lengthBytes) {
    if (ended) {
      // Its slot went with the queue.
      return;
    }
    target.count(command, StatusCode.SUCCESS, lengthBytes);
    Buffer buffer = command.buffer();
    command.buffer = null;
    // NVMe/TCP 1.0, 3.3.2.1: the success flag saves the capsule that would carry the queue's head;
    // so only where the host switched flow control off.
    sender.data(buffer, lengthBytes, command.cid, 0, advance(), !flowControl);
    giveBack(command);
    transport.wantFlush();
  }

  private int advance() {
    if (!flowControl) {
      return 0xFFFF;
    }
    if (entries > 0) {
      sqhd = (sqhd + 1) % entries;
    }
    return sqhd;
  }

  // ---- the end

  /** Whether its commands must not take effect any more. From any thread. */
  boolean isCancelled() {
    return cancelled;
  }

  /** Gives up every command, at once. From any thread; {@link #close} follows on the loop. */
  void cancel() {
    cancelled = true;
  }

  /** Cancels, and ends the connection. From any thread. */
  void cancelAndClose(String reason) {
    cancel();
    loop.execute(() -> transport.close(reason));
  }

  boolean isEnded() {
    return ended;
  }

  /**
   * Whether the connection is about to be closed from our side. What a host sent into that moment
   * gets no answer: it is sent again after the reconnect, while a refusal would reach a file
   * system.
   */
  boolean isEnding() {
    Association of = association;
    return of != null && (of.isDead() || (!isAdmin() && !of.isReady()));
  }

  /** Whether it holds no command, in whatever stage. */
  boolean isIdle() {
    return freeCount == slots.length;
  }

  /** The connection is gone: drops what did not reach the device. */
  void end() {
    cancelled = true;
    ended = true;
    if (!waitingForMemory.isEmpty()) {
      loop.transferBuffers().forget(this);
      waitingForMemory.clear();
    }
    receivingCount = 0;
    for (Command command : slots) {
      if (command.stage != Command.Stage.FREE && !command.inFlight) {
        giveBack(command);
      }
    }
    if (inFlight.getPlain() == 0) {
      drained();
    }
  }

  private void drained() {
    Association of = association;
    if (of != null) {
      of.subsystem().hosts().drained(this);
    }
    List<Runnable> waiters = List.copyOf(settleWaiters);
    settleWaiters.clear();
    waiters.forEach(Runnable::run);
  }

  /**
   * Runs {@code action} once this queue can have no more commands of an earlier time: when it is
   * alive and everything that had arrived was read, or when it ended and is drained. On the loop.
   */
  void whenSettled(Runnable action) {
    if (ended) {
      if (inFlight.getPlain() == 0) {
        action.run();
      } else {
        settleWaiters.add(action);
      }
      return;
    }
    settleWaiters.add(action);
    transport.whenDry(() -> {
      if (!ended && settleWaiters.remove(action)) {
        action.run();
      }
    });
  }
}
