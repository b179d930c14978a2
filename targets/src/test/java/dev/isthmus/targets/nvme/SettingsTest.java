package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.targets.RamDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class SettingsTest {

  private static void refused(Executable what) {
    assertThrows(IllegalArgumentException.class, what);
  }

  @Test
  void whatCannotWorkIsRefused() {
    refused(() -> new NvmeLimits(0, 128, 8192, 1 << 20, 1 << 18, 1));
    refused(() -> new NvmeLimits(1, 4, 8192, 1 << 20, 1 << 18, 1));
    refused(() -> new NvmeLimits(1, 128, 5000, 1 << 20, 1 << 18, 1));
    refused(() -> new NvmeLimits(1, 128, 8192, 3 << 19, 1 << 18, 1));
    refused(() -> new NvmeLimits(1, 128, 8192, 1 << 20, 4098, 1));
    refused(() -> NvmeTargetSettings.defaults());
    var settings = TargetFixture.settings();
    refused(() -> settings.withLoop(settings.loop().withBufferMemoryBytes(1 << 20)));
    refused(() -> settings.loop().withSpinNanos(-1));
    refused(() -> NvmeTimeouts.defaults().withDrainNanos(0));
    refused(() ->
        settings
            .withLimits(new NvmeLimits(1, 128, 8192, 4 << 20, 1 << 18, 1))
            .withLoop(settings.loop().withBufferMemoryBytes(16L << 20)));
  }

  @Test
  void names() {
    assertTrue(Nqn.isValid("nqn.2026-01.dev.isthmus:a"));
    assertTrue(Nqn.isValid("nqn.2014-08.org.nvmexpress:uuid:1-2"));
    for (String wrong :
        new String[] {"", "nqn.", "iqn.2026-01.a:b", "nqn.2026-01.a b", "nqn.x-01.a"}) {
      assertFalse(Nqn.isValid(wrong), wrong);
    }
    assertFalse(Nqn.isValid("nqn.2026-01." + "a".repeat(212)));
    var device = new RamDevice(1 << 20, 4096);
    refused(() -> new NvmeSubsystem(Nqn.DISCOVERY, HostAccess.any(), device));
    refused(() -> new NvmeSubsystem("nqn.2026-01.a:b", "", "m", HostAccess.any(), device));
    refused(() -> new NvmeSubsystem("nqn.2026-01.a:b", "s", "ü", HostAccess.any(), device));
    assertEquals(
        20, new NvmeSubsystem("nqn.2026-01.a:b", HostAccess.any(), device).serial().length());
  }

  @Test
  void aTakenPortIsUnavailable() {
    try (var fixture = new TargetFixture()) {
      var settings =
          NvmeTargetSettings.defaults(new NvmePortal(fixture.target.boundAddresses().getFirst()));
      assertThrows(DeviceException.Unavailable.class, () -> NvmeTcpTarget.start(settings));
      refused(() ->
          fixture.target.publish(
              new NvmeSubsystem(TargetFixture.NQN, HostAccess.any(), fixture.device)));
    }
  }
}
