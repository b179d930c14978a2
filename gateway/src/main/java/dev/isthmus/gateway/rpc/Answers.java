package dev.isthmus.gateway.rpc;

import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;

/** How a call that has one answer is answered: with what it returned, or with its failure. */
final class Answers {

  private Answers() {}

  static <T> void one(StreamObserver<T> answer, Supplier<T> call) {
    T message;
    try {
      message = call.get();
    } catch (RuntimeException e) {
      answer.onError(StatusMapping.toStatus(e).asRuntimeException());
      return;
    }
    answer.onNext(message);
    answer.onCompleted();
  }
}
