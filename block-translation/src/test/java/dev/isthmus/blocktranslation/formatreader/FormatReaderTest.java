package dev.isthmus.blocktranslation.formatreader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FormatReaderTest {

  @TempDir static Path directory;
  static byte[] openModel = {};
  static byte[] closedModel = {};
  static Path openCopy = Path.of("");

  @BeforeAll
  static void write() throws Exception {
    long t0 = System.nanoTime();
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    try (var v = new SampleVolume(directory.resolve("v"), seed)) {
      v.create();
      v.play(4 << 20);
      v.closeDevice();
      v.open();
      v.play(68 << 20);
      v.closeDevice();
      v.open();
      v.play(5 << 20);
      v.closeDevice();
      v.open();
      v.play(5 << 20);
      Thread.sleep(500);
      System.out.println(v.blockDevice().positions());
      openCopy = directory.resolve("copy");
      v.copyTo(openCopy);
      openModel = v.model();
      v.play(1 << 20);
      v.closeDevice();
      closedModel = v.model();
    }
    System.out.println("written in ms " + (System.nanoTime() - t0) / 1000000);
  }

  @Test
  void closed() {
    long t0 = System.nanoTime();
    ObjectView view = SampleVolume.objects(directory.resolve("v"));
    System.out.println(
        java.nio.charset.StandardCharsets.UTF_8.decode(view.require("manifest").data()));
    var verdict = FormatReader.judge(view);
    System.out.println(
        verdict.objects()
            + " "
            + verdict.end()
            + " runs "
            + verdict.runs()
            + " changes "
            + verdict.changes());
    assertArrayEquals(closedModel, verdict.disk().toBytes());
    System.out.println("judged in ms " + (System.nanoTime() - t0) / 1000000);
  }

  @Test
  void open() throws Exception {
    ObjectView view = SampleVolume.objects(openCopy);
    var verdict = FormatReader.judge(view);
    System.out.println(
        verdict.objects()
            + " "
            + verdict.end()
            + " runs "
            + verdict.runs()
            + " changes "
            + verdict.changes());
    try (var w = Files.walk(openCopy.resolve("host"))) {
      w.forEach(p -> System.out.println(p + " " + p.toFile().length()));
    }
    Path log = SampleVolume.log(openCopy, verdict.manifest());
    var files = LogReader.files(log);
    UUID boot =
        UUID.fromString(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
    for (var f : files.values()) {
      System.out.println(
          f.name()
              + " "
              + f.number()
              + " "
              + f.whole().size()
              + " last "
              + f.whole().getLast().type()
              + " "
              + f.whole().getFirst().state());
      f.checkDocuments();
    }
    var c =
        LogReader.recover(
            log.toString(), files, verdict.manifest().volume(), verdict.manifest().log(), boot);
    System.out.println(
        c.changes().size()
            + " to "
            + c.lastLsn()
            + " cut "
            + c.cut()
            + " closed "
            + c.closedInOrder());
    for (Change ch : c.changes())
      if (ch.lsn() > verdict.end().lastLsn()) verdict.disk().apply(ch, 0);
    assertArrayEquals(openModel, verdict.disk().toBytes());
  }
}
