package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.PutBody;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncRequestBody;

/** A {@link PutBody} as the SDK reads it: chunk by chunk, on demand. Threading: thread-safe. */
final class S3Body implements AsyncRequestBody {

  /** One chunk: a few socket buffers, and small beside a segment. */
  private static final int CHUNK_BYTES = 128 << 10;

  private final PutBody body;

  S3Body(PutBody body) {
    this.body = body;
  }

  @Override
  public Optional<Long> contentLength() {
    return Optional.of((long) body.lengthBytes());
  }

  @Override
  public String contentType() {
    return "application/octet-stream";
  }

  @Override
  public void subscribe(Subscriber<? super ByteBuffer> subscriber) {
    subscriber.onSubscribe(new Chunks(body, subscriber));
  }

  /**
   * Sends what was asked for. A subscriber may ask again from within {@code onNext} (Reactive
   * Streams §3.3): the demand is then met by the loop that is already running.
   *
   * <p>Threading: guarded by this; the subscriber is called outside.
   */
  private static final class Chunks implements Subscription {

    private final PutBody body;
    private final Subscriber<? super ByteBuffer> subscriber;
    private long demand;
    private int offsetBytes;
    private boolean emitting;
    private boolean ended;

    Chunks(PutBody body, Subscriber<? super ByteBuffer> subscriber) {
      this.body = body;
      this.subscriber = subscriber;
    }

    @Override
    public void request(long chunks) {
      synchronized (this) {
        if (ended) {
          return;
        }
        if (chunks <= 0) {
          ended = true;
        } else {
          demand = demand > Long.MAX_VALUE - chunks ? Long.MAX_VALUE : demand + chunks;
          if (emitting) {
            return;
          }
          emitting = true;
        }
      }
      if (chunks <= 0) {
        subscriber.onError(new IllegalArgumentException("a subscriber asks for one or more"));
      } else {
        emit();
      }
    }

    private void emit() {
      while (true) {
        int from;
        int length;
        synchronized (this) {
          boolean atEnd = offsetBytes == body.lengthBytes();
          if (ended || (demand == 0 && !atEnd)) {
            emitting = false;
            return;
          }
          from = offsetBytes;
          length = Math.min(CHUNK_BYTES, body.lengthBytes() - from);
          offsetBytes += length;
          demand--;
          ended = atEnd;
        }
        if (length == 0) {
          subscriber.onComplete();
          return;
        }
        byte[] chunk = new byte[length];
        if (!body.copy(from, chunk, length)) {
          cancel();
          subscriber.onError(new IOException("the request has ended"));
          return;
        }
        subscriber.onNext(ByteBuffer.wrap(chunk));
      }
    }

    @Override
    public synchronized void cancel() {
      ended = true;
    }
  }
}
