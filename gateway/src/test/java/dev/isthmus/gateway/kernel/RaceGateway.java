package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.rpc.ControlClient;
import dev.isthmus.gateway.rpc.v1.CreateVolumeRequest;
import dev.isthmus.gateway.rpc.v1.ListVolumesRequest;
import dev.isthmus.gateway.rpc.v1.OpenVolumeRequest;
import dev.isthmus.gateway.rpc.v1.PublishVolumeRequest;
import dev.isthmus.gateway.rpc.v1.Volume;
import dev.isthmus.gateway.rpc.v1.VolumeName;
import dev.isthmus.targets.nvme.NvmeTestInitiator;
import java.io.IOException;

/**
 * One of two gateways that race for a volume, called without a process for each call. Threading:
 * calls from any thread; its process is the test's thread's.
 */
final class RaceGateway implements AutoCloseable {

  final TestGateway process;
  final String name;
  private volatile ControlClient control;

  /** Starts it. */
  RaceGateway(String name, TestGateway process) throws IOException, InterruptedException {
    this.name = name;
    this.process = process;
    process.start();
    this.control = process.control();
  }

  /** Starts it again after it was killed; it opens what it had. */
  void startAgain() throws IOException, InterruptedException {
    control.close();
    process.start();
    // A client whose daemon went away waits before it connects again.
    control = process.control();
  }

  Volume create(String uri, long sizeBytes, String flush) {
    var request =
        CreateVolumeRequest.newBuilder()
            .setNameOrUri(uri)
            .setSizeBytes(sizeBytes)
            .setBlockSizeBytes(StampedDisk.BLOCK_BYTES)
            .setFlush(flush)
            .build();
    return control.volumes(stub -> stub.createVolume(request));
  }

  Volume open(String uri, String takeover) {
    var request = OpenVolumeRequest.newBuilder().setNameOrUri(uri).setTakeover(takeover).build();
    return control.volumes(stub -> stub.openVolume(request));
  }

  Volume show(String volume) {
    return control.volumes(stub -> stub.getVolume(name(volume)));
  }

  Volume publish(String volume) {
    var request = PublishVolumeRequest.newBuilder().setName(volume).build();
    return control.volumes(stub -> stub.publishVolume(request));
  }

  /** Takes it away from hosts, and closes it. */
  void retire(String volume) {
    Volume _ = control.volumes(stub -> stub.unpublishVolume(name(volume)));
    var _ = control.volumes(stub -> stub.closeVolume(name(volume)));
  }

  /** The same for one that has lost its volume: it says so, and forgets it when asked again. */
  void retireLoser(String volume) {
    if (!knows(volume)) {
      return; // it closed it in order, and was not the next to open it
    }
    try {
      retire(volume);
    } catch (DeviceException.Fenced e) {
      Volume said = show(volume);
      assertEquals("NOT_OPEN", said.getState());
      assertEquals(e.getMessage(), said.getReason(), "it says the same as it did at the close");
      retire(volume);
    }
    assertFalse(knows(volume), "the volume is forgotten");
  }

  private boolean knows(String volume) {
    return control
        .volumes(stub -> stub.listVolumes(ListVolumesRequest.getDefaultInstance()))
        .getVolumesList()
        .stream()
        .anyMatch(known -> known.getName().equals(volume));
  }

  void delete(String volume) {
    Volume _ = control.volumes(stub -> stub.unpublishVolume(name(volume)));
    control.volumes(stub -> {
      stub.deleteVolume(name(volume)).forEachRemaining(_ -> {});
      return true;
    });
  }

  /** A host's connection to a volume that is published here. */
  NvmeTestInitiator connect(String volume) throws IOException {
    Volume shown = show(volume);
    return NvmeTestInitiator.connect(
        shown.getExport().getPort(), shown.getExport().getNqn(), StampedDisk.BLOCK_BYTES);
  }

  private static VolumeName name(String volume) {
    return VolumeName.newBuilder().setName(volume).build();
  }

  @Override
  public String toString() {
    return name;
  }

  @Override
  public void close() {
    control.close();
  }
}
