package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.targets.RamDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DiscoveryTest {

  private static final String DISCOVERY = "nqn.2014-08.org.nvmexpress.discovery";
  private static final int CHANGED = 2 | 0xF0 << 8 | 0x70 << 16;

  private final TargetFixture fixture = new TargetFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  private record Entry(int type, int subtype, String address, String port, String nqn) {}

  /** Reads the log as hosts do: the header, the records one by one, the generation again. */
  private static List<Entry> log(TestHost host) throws IOException {
    var header = HostQueue.le(host.logPage(0x70, 0, 1024).data());
    var entries = new ArrayList<Entry>();
    for (int i = 0; i < header.getLong(8); i++) {
      byte[] e = host.logPage(0x70, 1024L * (i + 1), 1024).data();
      assertEquals(1, e[1], "IPv4");
      assertEquals((short) 0xFFFF, HostQueue.le(e).getShort(6), "dynamic controllers");
      entries.add(new Entry(e[0], e[2], text(e, 512, 256), text(e, 32, 32), text(e, 256, 256)));
    }
    assertEquals(header.getLong(0), HostQueue.le(host.logPage(0x70, 0, 16).data()).getLong(0));
    return entries;
  }

  private static String text(byte[] data, int at, int length) {
    return new String(data, at, length, StandardCharsets.US_ASCII).replace("\0", "").strip();
  }

  @Test
  void discoveryTellsWhatTheHostMayUse() throws IOException {
    fixture.target.publish(
        new NvmeSubsystem(
            "nqn.2026-01.dev.isthmus:hidden",
            HostAccess.only("nqn.2026-01.dev.isthmus:friend"),
            new RamDevice(1 << 20, 4096)));
    try (var host = TestHost.connect(fixture.port(), DISCOVERY, 0)) {
      String port = String.valueOf(fixture.port());
      assertEquals(
          List.of(
              new Entry(3, 3, "127.0.0.1", port, DISCOVERY),
              new Entry(3, 2, "127.0.0.1", port, TargetFixture.NQN)),
          log(host));
      byte[] id = host.identify(1, 0).data();
      assertEquals(2, id[111], "CNTRLTYPE");
      assertEquals(DISCOVERY, text(id, 768, 256));
      assertEquals(1 << 31, HostQueue.le(id).getInt(92), "OAES");
      assertEquals(0x002, host.identify(0, 1).code());
      assertEquals(0x109, host.logPage(0x0C, 0, 64).code());
      // It has no I/O queues.
      try (var io = HostQueue.initialized(fixture.port(), false, false)) {
        assertEquals(42, io.connect(host.ioConnect(1, 31)).result());
      }
    }
  }

  @Test
  void changesAreTold() throws IOException {
    var to = HostQueue.Connect.to(DISCOVERY);
    to.kato = 30_000;
    try (var host = TestHost.connect(fixture.port(), to, 0, false, false)) {
      assertEquals(2, log(host).size());
      assertEquals(0, host.setFeature(0x0B, 1 << 31).status());
      int event = host.admin.submit(HostQueue.entry(0x0C, 0), 0);
      String more = "nqn.2026-01.dev.isthmus:more";
      fixture.target.publish(
          new NvmeSubsystem(more, HostAccess.any(), new RamDevice(1 << 20, 4096)));
      assertEquals(CHANGED, host.admin.await(event).result());
      event = host.admin.submit(HostQueue.entry(0x0C, 0), 0);
      assertEquals(3, log(host).size());
      assertTrue(fixture.target.unpublish(more).getAsBoolean());
      assertEquals(CHANGED, host.admin.await(event).result());
      assertEquals(2, log(host).size());
    }
  }

  @Test
  void theAdvertisedAddressIsTold() throws Exception {
    var portal =
        new NvmePortal(
            TargetFixture.settings().portals().getFirst().listen(),
            java.net.InetAddress.getByName("10.0.2.2"),
            4420);
    try (var target = NvmeTcpTarget.start(NvmeTargetSettings.defaults(portal));
        var host = TestHost.connect(target.port(), DISCOVERY, 0)) {
      assertEquals(List.of(new Entry(3, 3, "10.0.2.2", "4420", DISCOVERY)), log(host));
    }
  }
}
