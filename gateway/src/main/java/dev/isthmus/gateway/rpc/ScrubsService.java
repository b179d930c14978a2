package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.gateway.daemon.VolumeManager;
import dev.isthmus.gateway.rpc.v1.ControlScrubRequest;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.ScrubsGrpc;
import dev.isthmus.gateway.rpc.v1.StartScrubRequest;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The daemon's side of scrubs. Threading: thread-safe; each call has a virtual thread and may block
 * it.
 */
final class ScrubsService extends ScrubsGrpc.ScrubsImplBase {

  private static final long WATCH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final VolumeManager volumes;

  ScrubsService(VolumeManager volumes) {
    this.volumes = volumes;
  }

  @Override
  public void startScrub(StartScrubRequest request, StreamObserver<Scrub> answer) {
    Answers.one(
        answer,
        () ->
            message(
                volumes
                    .inBucket(request.getName())
                    .startScrub(
                        new ScrubSettings(
                            request.hasBytesPerSecond()
                                ? request.getBytesPerSecond()
                                : ScrubSettings.DEFAULT_BYTES_PER_SECOND,
                            request.getList(),
                            request.getRepair()))));
  }

  @Override
  public void getScrub(VolumeName request, StreamObserver<Scrub> answer) {
    Answers.one(answer, () -> message(find(request.getName())));
  }

  @Override
  public void controlScrub(ControlScrubRequest request, StreamObserver<Scrub> answer) {
    Answers.one(
        answer,
        () -> {
          VolumeScrub scrub = find(request.getName());
          if (scrub.progress().state().isEnd()) {
            throw new DeviceException.Invalid(
                "the scrub of volume " + request.getName() + " has ended already");
          }
          switch (request.getAction()) {
            case PAUSE -> scrub.pause();
            case RESUME -> scrub.resume();
            case CANCEL -> scrub.cancel();
            default -> throw new DeviceException.Invalid("pause, resume or cancel a scrub");
          }
          return message(scrub);
        });
  }

  @Override
  public void watchScrub(VolumeName request, StreamObserver<Scrub> answer) {
    try {
      VolumeScrub scrub = find(request.getName());
      int told = 0;
      boolean ended = false;
      while (!ended) {
        // Asked before the findings, so that the last message has all of them.
        ended = scrub.awaitEnd(WATCH_NANOS);
        ScrubProgress progress = scrub.progress();
        List<ScrubFinding> findings = scrub.findings();
        answer.onNext(ScrubMessages.scrub(progress, findings.subList(told, findings.size())));
        told = findings.size();
      }
    } catch (RuntimeException e) {
      answer.onError(StatusMapping.toStatus(e).asRuntimeException());
      return;
    }
    answer.onCompleted();
  }

  private VolumeScrub find(String name) {
    VolumeScrub scrub = volumes.inBucket(name).scrub();
    if (scrub == null) {
      throw new DeviceException.Invalid(
          "volume %s was not scrubbed since it was opened: `isthmus volume scrub %s`"
              .formatted(name, name));
    }
    return scrub;
  }

  private static Scrub message(VolumeScrub scrub) {
    return ScrubMessages.scrub(scrub.progress(), scrub.findings());
  }
}
