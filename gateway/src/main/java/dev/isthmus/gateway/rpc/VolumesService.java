package dev.isthmus.gateway.rpc;

import dev.isthmus.blocktranslation.TierChange;
import dev.isthmus.gateway.daemon.CreateRequest;
import dev.isthmus.gateway.daemon.VolumeManager;
import dev.isthmus.gateway.daemon.VolumeView;
import dev.isthmus.gateway.rpc.v1.CloseVolumeResponse;
import dev.isthmus.gateway.rpc.v1.CreateVolumeRequest;
import dev.isthmus.gateway.rpc.v1.DeleteProgress;
import dev.isthmus.gateway.rpc.v1.ListVolumesRequest;
import dev.isthmus.gateway.rpc.v1.ListVolumesResponse;
import dev.isthmus.gateway.rpc.v1.OpenVolumeRequest;
import dev.isthmus.gateway.rpc.v1.PublishVolumeRequest;
import dev.isthmus.gateway.rpc.v1.RecoverVolumeRequest;
import dev.isthmus.gateway.rpc.v1.RecoverVolumeResponse;
import dev.isthmus.gateway.rpc.v1.SetVolumeRequest;
import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import dev.isthmus.gateway.rpc.v1.VolumesGrpc;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The daemon's side of volume calls. Threading: thread-safe; each call has a virtual thread and may
 * block it.
 */
final class VolumesService extends VolumesGrpc.VolumesImplBase {

  private final VolumeManager volumes;

  VolumesService(VolumeManager volumes) {
    this.volumes = volumes;
  }

  @Override
  public void createVolume(CreateVolumeRequest request, StreamObserver<Volume> answer) {
    answer(
        answer,
        () ->
            volumes.create(
                new CreateRequest(
                    request.getNameOrUri(),
                    request.getName(),
                    request.getSizeBytes(),
                    request.getBlockSizeBytes(),
                    request.getAck(),
                    request.getFlush(),
                    request.getRpo(),
                    request.getFencing())));
  }

  @Override
  public void openVolume(OpenVolumeRequest request, StreamObserver<Volume> answer) {
    answer(
        answer,
        () ->
            volumes.open(
                request.getNameOrUri(),
                request.getName(),
                request.getTakeover(),
                request.getLogDirectory(),
                request.getFencing()));
  }

  @Override
  public void recoverVolume(
      RecoverVolumeRequest request, StreamObserver<RecoverVolumeResponse> answer) {
    Answers.one(
        answer,
        () -> {
          VolumeManager.Recovered recovered =
              givenUpWithItsClient(givenUp ->
                  volumes.recover(
                      request.getName(),
                      request.getLogDirectory(),
                      request.getTakeover(),
                      givenUp));
          return RecoverVolumeResponse.newBuilder()
              .setVolume(message(recovered.volume()))
              .addAllWarnings(recovered.warnings())
              .build();
        });
  }

  @Override
  public void closeVolume(VolumeName request, StreamObserver<CloseVolumeResponse> answer) {
    Answers.one(
        answer,
        () -> {
          volumes.close(request.getName());
          return CloseVolumeResponse.getDefaultInstance();
        });
  }

  @Override
  public void listVolumes(ListVolumesRequest request, StreamObserver<ListVolumesResponse> answer) {
    Answers.one(
        answer,
        () -> {
          var list = ListVolumesResponse.newBuilder();
          if (request.getBucketUri().isEmpty()) {
            volumes.list().forEach(v -> list.addVolumes(message(v)));
          } else {
            volumes.listBucket(request.getBucketUri()).stream()
                .map(Messages::volume)
                .forEach(list::addVolumes);
          }
          return list.build();
        });
  }

  @Override
  public void getVolume(VolumeName request, StreamObserver<Volume> answer) {
    answer(answer, () -> volumes.get(request.getName()));
  }

  @Override
  public void deleteVolume(VolumeName request, StreamObserver<DeleteProgress> answer) {
    try {
      volumes.delete(
          request.getName(),
          objects -> answer.onNext(DeleteProgress.newBuilder().setDeletedObjects(objects).build()));
    } catch (RuntimeException e) {
      answer.onError(StatusMapping.toStatus(e).asRuntimeException());
      return;
    }
    answer.onCompleted();
  }

  @Override
  public void publishVolume(PublishVolumeRequest request, StreamObserver<Volume> answer) {
    answer(
        answer,
        () ->
            volumes.publish(request.getName(), request.getNqn(), request.getAllowedHostNqnsList()));
  }

  @Override
  public void unpublishVolume(VolumeName request, StreamObserver<Volume> answer) {
    answer(answer, () -> volumes.unpublish(request.getName()));
  }

  @Override
  public void setVolume(SetVolumeRequest request, StreamObserver<Volume> answer) {
    answer(
        answer,
        () ->
            givenUpWithItsClient(givenUp ->
                volumes.setTiers(
                    request.getName(),
                    TierChange.parse(request.getAck(), request.getFlush(), request.getRpo()),
                    givenUp)));
  }

  /** A client that went away waits for nothing any more. */
  private static <T> T givenUpWithItsClient(Function<CompletableFuture<Void>, T> work) {
    var gone = new CompletableFuture<Void>();
    Context.CancellationListener listener = _ -> gone.complete(null);
    Context call = Context.current();
    call.addListener(listener, Runnable::run);
    try {
      return work.apply(gone);
    } finally {
      call.removeListener(listener);
    }
  }

  private Volume message(VolumeView view) {
    return Messages.volume(view, volumes.exports());
  }

  private void answer(StreamObserver<Volume> answer, Supplier<VolumeView> call) {
    Answers.one(answer, () -> message(call.get()));
  }
}
