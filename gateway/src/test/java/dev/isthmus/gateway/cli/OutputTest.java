package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.gateway.rpc.v1.BucketDetails;
import dev.isthmus.gateway.rpc.v1.DaemonStatus;
import dev.isthmus.gateway.rpc.v1.Export;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.ScrubCount;
import dev.isthmus.gateway.rpc.v1.ScrubFinding;
import dev.isthmus.gateway.rpc.v1.Survival;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What people and scripts read, to the letter: scripts depend on it. */
class OutputTest {

  private static String printed(Consumer<PrintWriter> print) {
    var text = new StringWriter();
    print.accept(new PrintWriter(text, true));
    return text.toString();
  }

  private static Volume db() {
    return Volume.newBuilder()
        .setName("db")
        .setUri("s3://disks/db?region=eu-central-1")
        .setState("READY")
        .setUuid("00000000-0000-0001-0000-000000000002")
        .setIncarnation(1)
        .setSizeBytes(10L << 30)
        .setBlockSizeBytes(4096)
        .setVolatileWriteCache(true)
        .setAppliedLsn(120)
        .setLocalLsn(110)
        .setUploadedLsn(100)
        .setExport(
            Export.newBuilder()
                .setNqn("nqn.2026-01.dev.isthmus:db")
                .setSerial("00000000000000010000")
                .setNsid(1)
                .setAddress("127.0.0.1")
                .setPort(4420)
                .setAssociations(2))
        .setSurvives(
            Survival.newBuilder()
                .setProcessCrash("all")
                .setPowerCut("some")
                .setHostLoss("little")
                .setBucketLoss("none"))
        .setBucket(
            BucketDetails.newBuilder()
                .setAck("applied")
                .setFlush("local")
                .setRpo("30s,enforce")
                .setFencing("conditional")
                .setRpoExceeded(true)
                .setRpoExceededNanos(7_000_000_000L)
                .setRpoExceededSinceUnixNanos(1_767_225_600_123_456_789L)
                .setKeepsTo("ack=local flush=local rpo=30s,enforce")
                .setEpoch(3)
                .setStoredBytes(5L << 30)
                .setLogBytes(12_345_678)
                .setLogCapacityBytes(1L << 30)
                .setUploadLagBytes(81920)
                .setUploadLagNanos(820_000_000)
                .setCreatedUnixNanos(1_767_225_600_000_000_000L))
        .build();
  }

  private static Volume rolledBack() {
    return Volume.newBuilder()
        .setName("old")
        .setUri("bucket+file:///srv/bucket/old")
        .setState("STALLED")
        .setReason("the log is full")
        .setUuid("00000000-0000-0001-0000-000000000003")
        .setIncarnation(2)
        .setSizeBytes(512)
        .setBlockSizeBytes(512)
        .setRolledBack(true)
        .setRolledBackToLsn(99)
        .setRolledBackReason("the log of the last owner is not here")
        .build();
  }

  private static Volume lost() {
    return Volume.newBuilder()
        .setName("lost")
        .setUri("s3://gone/lost")
        .setState("NOT_OPEN")
        .setReason("no bucket gone")
        .build();
  }

  @Test
  void listAsATable() {
    assertEquals(
        """
        NAME  SIZE   STATE                  HOSTS  NQN                         URI
        db    10GiB  READY                  2      nqn.2026-01.dev.isthmus:db  s3://disks/db?region=eu-central-1
        old   512    STALLED (ROLLED BACK)  -      -                           bucket+file:///srv/bucket/old
        lost  -      NOT_OPEN               -      -                           s3://gone/lost
        old: the log is full
        *** ROLLED BACK: old is an older state of the disk (up to 99): the log of the last owner is not here
        lost: no bucket gone
        """,
        printed(out -> VolumeText.list(List.of(db(), rolledBack(), lost()), out)));
  }

  @Test
  void aVolumeThatOnlyPeopleKeepApartSaysSo() {
    Volume volume =
        db().toBuilder().setBucket(db().getBucket().toBuilder().setFencing("none")).build();
    assertTrue(
        printed(out -> VolumeText.list(List.of(volume), out)).contains("READY (fencing=none)"));
    assertTrue(
        printed(out -> VolumeText.details(volume, out))
            .contains("fencing        NONE: nothing but people keeps"));
  }

  @Test
  void anEmptyListSaysHowToGoOn() {
    assertEquals(
        "No volumes. `isthmus volume create NAME --size 10GiB` makes one.\n",
        printed(out -> VolumeText.list(List.of(), out)));
    assertEquals("{\n  \"volumes\" : [ ]\n}\n", printed(out -> VolumeJson.print(List.of(), out)));
  }

  @Test
  void showForPeople() {
    assertEquals(
        """
        name           db
        uri            s3://disks/db?region=eu-central-1
        state          READY
        size           10GiB (10737418240 bytes)
        block size     4096
        uuid           00000000-0000-0001-0000-000000000002, incarnation 1
        ack / flush    applied / local
        rpo            30s,enforce: EXCEEDED since 2026-01-01T00:00:00Z, 7.0s in all since it was opened
        fencing        conditional
        keeps to       ack=local flush=local rpo=30s,enforce: a change has not finished; `isthmus volume set` again finishes it
        positions      applied 120, local 110, uploaded 100
        not in bucket  80.0 KiB, oldest 820ms
        log            11.8 MiB of 1.0 GiB
        in bucket      5.0 GiB
        created        2026-01-01T00:00:00Z, opened 3 times
        what is kept
          daemon crash all
          power cut    some
          host lost    little
          bucket lost  none
        published      nqn.2026-01.dev.isthmus:db
                       serial 00000000000000010000, namespace 1
        hosts          2 connected; allowed: as the daemon says

        nvme discover -t tcp -a 127.0.0.1 -s 4420
        nvme connect -t tcp -a 127.0.0.1 -s 4420 -n nqn.2026-01.dev.isthmus:db --ctrl-loss-tmo=-1
        """,
        printed(out -> VolumeText.details(db(), out)));
    assertEquals(
        """
        name           lost
        uri            s3://gone/lost
        state          NOT_OPEN: no bucket gone
        published      no
        """,
        printed(out -> VolumeText.details(lost(), out)));
  }

  @Test
  void showForScripts() {
    assertEquals(
        """
        {
          "name" : "db",
          "uri" : "s3://disks/db?region=eu-central-1",
          "state" : "READY",
          "reason" : "",
          "warnings" : [ ],
          "uuid" : "00000000-0000-0001-0000-000000000002",
          "incarnation" : 1,
          "size_bytes" : 10737418240,
          "block_size_bytes" : 4096,
          "read_only" : false,
          "volatile_write_cache" : true,
          "rolled_back" : false,
          "rolled_back_to_lsn" : null,
          "rolled_back_reason" : null,
          "applied_lsn" : 120,
          "local_lsn" : 110,
          "uploaded_lsn" : 100,
          "survives" : {
            "process_crash" : "all",
            "power_cut" : "some",
            "host_loss" : "little",
            "bucket_loss" : "none"
          },
          "export" : {
            "nqn" : "nqn.2026-01.dev.isthmus:db",
            "serial" : "00000000000000010000",
            "nsid" : 1,
            "address" : "127.0.0.1",
            "port" : 4420,
            "allowed_host_nqns" : [ ],
            "associations" : 2
          },
          "bucket" : {
            "ack" : "applied",
            "flush" : "local",
            "rpo" : "30s,enforce",
            "keeps_to" : "ack=local flush=local rpo=30s,enforce",
            "fencing" : "conditional",
            "epoch" : 3,
            "stored_bytes" : 5368709120,
            "log_bytes" : 12345678,
            "log_capacity_bytes" : 1073741824,
            "upload_lag_bytes" : 81920,
            "upload_lag_nanos" : 820000000,
            "rpo_exceeded" : true,
            "rpo_exceeded_nanos" : 7000000000,
            "rpo_exceeded_since_unix_nanos" : 1767225600123456789,
            "created_unix_nanos" : 1767225600000000000
          },
          "scrub" : null
        }
        """,
        printed(out -> VolumeJson.print(db(), out)));
  }

  @Test
  void listForScriptsHasNullWhereNothingApplies() {
    assertEquals(
        """
        {
          "volumes" : [ {
            "name" : "lost",
            "uri" : "s3://gone/lost",
            "state" : "NOT_OPEN",
            "reason" : "no bucket gone",
            "warnings" : [ ],
            "uuid" : null,
            "incarnation" : 0,
            "size_bytes" : 0,
            "block_size_bytes" : 0,
            "read_only" : false,
            "volatile_write_cache" : false,
            "rolled_back" : false,
            "rolled_back_to_lsn" : null,
            "rolled_back_reason" : null,
            "applied_lsn" : 0,
            "local_lsn" : 0,
            "uploaded_lsn" : 0,
            "survives" : null,
            "export" : null,
            "bucket" : null,
            "scrub" : null
          } ]
        }
        """,
        printed(out -> VolumeJson.print(List.of(lost()), out)));
  }

  private static Scrub scrub() {
    return Scrub.newBuilder()
        .setState("DONE")
        .setPercent(100)
        .setBytesDone(10 << 20)
        .setBytesTotal(10 << 20)
        .setRequests(7)
        .setElapsedNanos(1_500_000_000)
        .setThroughLsn(42)
        .addCounts(ScrubCount.newBuilder().setSeverity("LOST").setFindings(1))
        .addFindings(
            ScrubFinding.newBuilder()
                .setSeverity("LOST")
                .setKind("FRAME")
                .setObject("db/x/segments/0000000000000011")
                .setOffsetBytes(1000)
                .setLengthBytes(4168)
                .setFirstSector(16)
                .setSectorCount(8)
                .setWhat("the frame data's checksum does not match")
                .setMeaning("reads of these sectors fail"))
        .build();
  }

  @Test
  void aScrubForPeople() {
    assertEquals(
        """
        LOST FRAME: db/x/segments/0000000000000011, 4168 bytes at 1000
            the frame data's checksum does not match
            disk: bytes 8192 to 12287 (sectors 16 to 23)
            reads of these sectors fail
        scrub done, 100.0 % of 10.0 MiB, 1.5s; findings: 1 lost
        read 10.0 MiB by 7 requests; the bucket holds the disk up to position 42
        """,
        printed(out -> ScrubText.print(scrub(), out)));
  }

  @Test
  void aScrubForScripts() {
    assertEquals(
        """
        {
          "state" : "DONE",
          "phase" : null,
          "note" : null,
          "failure" : null,
          "percent" : 100.0,
          "bytes_done" : 10485760,
          "bytes_total" : 10485760,
          "requests" : 7,
          "elapsed_nanos" : 1500000000,
          "remaining_nanos" : 0,
          "through_lsn" : 42,
          "counts" : {
            "LOST" : 1
          },
          "findings" : [ {
            "severity" : "LOST",
            "kind" : "FRAME",
            "object" : "db/x/segments/0000000000000011",
            "offset_bytes" : 1000,
            "length_bytes" : 4168,
            "first_sector" : 16,
            "sector_count" : 8,
            "what" : "the frame data's checksum does not match",
            "meaning" : "reads of these sectors fail"
          } ]
        }
        """,
        printed(out -> VolumeJson.print(scrub(), out)));
  }

  @Test
  void statusForScripts() {
    assertEquals(
        """
        {
          "version" : "0.1.0",
          "pid" : 42,
          "uptime_nanos" : 5,
          "data_directory" : "/srv/data",
          "listen" : "127.0.0.1:4420",
          "advertise" : "10.0.0.1:4420",
          "metrics" : null,
          "volumes" : 3,
          "volumes_published" : 2,
          "volumes_failed" : 1
        }
        """,
        printed(out ->
            VolumeJson.print(
                DaemonStatus.newBuilder()
                    .setVersion("0.1.0")
                    .setPid(42)
                    .setUptimeNanos(5)
                    .setDataDirectory("/srv/data")
                    .setListen("127.0.0.1:4420")
                    .setAdvertise("10.0.0.1:4420")
                    .setVolumes(3)
                    .setVolumesPublished(2)
                    .setVolumesFailed(1)
                    .build(),
                out)));
  }
}
