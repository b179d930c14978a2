package dev.isthmus.blocktranslation.formatreader;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Rebuilds the disk that a checkpoint's runs and the segments that they name make up. */
final class MapImage {

  private final ObjectView view;
  private final ObjectNames names;
  private final Chain chain;
  private final Checkpoint checkpoint;

  MapImage(ObjectView view, UUID volume, Chain chain, Checkpoint checkpoint) {
    this.view = view;
    this.names = new ObjectNames(volume);
    this.chain = chain;
    this.checkpoint = checkpoint;
  }

  /** Writes the runs over one another, the oldest first. */
  DiskImage build() {
    var image = new DiskImage(checkpoint.position().sizeSectors());
    List<RunPart> parts = new ArrayList<>();
    for (Checkpoint.Part part : checkpoint.parts()) {
      Fields object = view.require(names.key(part.name()));
      parts.add(RunPartReader.read(object, part, names.volume()));
    }
    for (RunPart part : parts.reversed()) {
      part.entries().forEach(entry -> put(image, entry));
    }
    checkSegments(image.sectorsByOwner());
    return image;
  }

  private void put(DiskImage image, RunPart.Entry entry) {
    Fields fields = entry.fields();
    if (entry.isZeroes()) {
      image.zero(entry.sector(), entry.sectorCount());
      return;
    }
    fields.require(
        image.holds(entry.sector(), entry.sectorCount()), "sector", "beyond the disk's end");
    fields.require(
        checkpoint.segments().stream().anyMatch(s -> s.sequence() == entry.segment()),
        "segment",
        entry.segment() + ", which the checkpoint does not list");
    Segment segment = chain.require(entry.segment());
    Frames.Frame frame =
        Frames.read(segment.object(), entry.frameOffset(), entry.storedLength(), names.volume());
    fields.expect("segment", entry.segment(), frame.sequence());
    fields.expect("sector", entry.sector(), frame.sector() + entry.sectorInFrame());
    fields.require(
        entry.sectorInFrame() + entry.sectorCount() <= frame.sectorCount(),
        "sectorCount",
        entry.sectorCount());
    image.write(
        entry.sector(),
        frame
            .data()
            .slice(
                entry.sectorInFrame() * DiskImage.SECTOR_BYTES,
                (int) entry.sectorCount() * DiskImage.SECTOR_BYTES),
        entry.segment());
  }

  private void checkSegments(Map<Long, Long> sectorsBySegment) {
    int index = 0;
    for (Checkpoint.SegmentLine line : checkpoint.segments()) {
      Fields entry = checkpoint.object().part("segments[" + index++ + "]", 0, 0);
      Segment segment = chain.require(line.sequence());
      entry.require(!segment.isFence(), "sequence", line.sequence() + ", a fence");
      entry.expect("epoch", line.epoch(), segment.epoch());
      entry.expect("totalLength", line.totalLength(), (long) segment.object().length());
      entry.expect("dataSectors", line.dataSectors(), segment.dataSectors());
      entry.require(
          sectorsBySegment.getOrDefault(line.sequence(), 0L) <= line.liveSectors(),
          "liveSectors",
          line.liveSectors() + ", fewer than the map refers to");
    }
  }
}
