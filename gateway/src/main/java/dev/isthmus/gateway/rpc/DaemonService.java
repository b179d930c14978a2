package dev.isthmus.gateway.rpc;

import dev.isthmus.gateway.rpc.v1.DaemonGrpc;
import dev.isthmus.gateway.rpc.v1.DaemonStatus;
import dev.isthmus.gateway.rpc.v1.GetStatusRequest;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;

/** The daemon's side of questions about itself. Threading: thread-safe. */
final class DaemonService extends DaemonGrpc.DaemonImplBase {

  private final Supplier<DaemonStatus> status;

  DaemonService(Supplier<DaemonStatus> status) {
    this.status = status;
  }

  @Override
  public void getStatus(GetStatusRequest request, StreamObserver<DaemonStatus> answer) {
    Answers.one(answer, status);
  }
}
