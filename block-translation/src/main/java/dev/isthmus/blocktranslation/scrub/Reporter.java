package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blocktranslation.map.PartFlaw;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import java.util.List;

/**
 * Turns flaws into findings: looks for other copies, repairs where that was asked for, and says
 * what it means. Threading: confined to the scrub's thread.
 */
final class Reporter {

  /** Most findings of one object: who lost a whole segment needs no list of its 2,048 frames. */
  static final int MAX_PER_OBJECT = 64;

  private final ScrubLedger ledger;
  private final GoodCopies copies;
  private final boolean repair;
  private final boolean online;

  Reporter(ScrubLedger ledger, GoodCopies copies, boolean repair, boolean online) {
    this.ledger = ledger;
    this.copies = copies;
    this.repair = repair;
    this.online = online;
  }

  void add(ScrubFinding finding) {
    ledger.add(finding);
  }

  /** Flaws of one segment; {@code tail}: behind the newest checkpoint. */
  void segment(String object, List<SegmentCheck.Flaw> flaws, boolean tail) {
    long more = 0;
    int told = 0;
    for (SegmentCheck.Flaw flaw : flaws) {
      // Repairs go on beyond what is told.
      ScrubFinding finding = finding(object, flaw, tail);
      if (told < MAX_PER_OBJECT || finding.severity() == Severity.REPAIRED) {
        ledger.add(finding);
        told++;
      } else {
        more++;
      }
    }
    if (more > 0) {
      ledger.add(
          new ScrubFinding(
              Kind.SEGMENT,
              Severity.LOST,
              object,
              0,
              0,
              0,
              0,
              more + " more flaws of this object",
              "as those above"));
    }
  }

  private ScrubFinding finding(String object, SegmentCheck.Flaw flaw, boolean tail) {
    Severity severity;
    String meaning;
    GoodCopies.FramePlace frame = flaw.frame();
    if (frame != null) {
      severity = severity(frame, flaw.live());
      meaning = meaning(severity, frame, tail);
    } else if (flaw.kind() == Kind.MAP_ENTRY) {
      severity = Severity.LOST;
      meaning = "reads of these sectors fail: where their data lies is not known";
    } else if (flaw.kind() == Kind.ACCOUNTING) {
      severity = Severity.WEAKENED;
      meaning = "cleaning up could take a segment for empty that is in use; report this";
    } else if (tail) {
      severity = online ? Severity.ENDANGERED : Severity.LOST;
      meaning = chainMeaning(online);
    } else {
      severity = Severity.WEAKENED;
      meaning = "no read uses it, but the map could not be rebuilt from this segment";
    }
    return new ScrubFinding(
        flaw.kind(),
        severity,
        object,
        flaw.offsetBytes(),
        flaw.lengthBytes(),
        flaw.firstSector(),
        flaw.sectorCount(),
        flaw.what(),
        meaning);
  }

  static String chainMeaning(boolean online) {
    return online
        ? "an open after a crash would stop here; the next checkpoint, or closing the volume,"
            + " makes the object unneeded"
        : "the volume can't be opened from here on";
  }

  private Severity severity(GoodCopies.FramePlace frame, boolean live) {
    if (!live) {
      return Severity.HARMLESS;
    }
    if (!repair) {
      return copies.holder(frame) == null ? Severity.LOST : Severity.ENDANGERED;
    }
    return switch (copies.rewrite(frame)) {
      case REWRITTEN -> Severity.REPAIRED;
      case NOT_LIVE -> Severity.HARMLESS;
      case NO_COPY -> Severity.LOST;
      case NOT_NOW -> Severity.ENDANGERED;
    };
  }

  private String meaning(Severity severity, GoodCopies.FramePlace frame, boolean tail) {
    return switch (severity) {
      case HARMLESS -> "written over since: nobody reads it";
      case REPAIRED -> "written anew from a good copy; the damaged frame is read no more";
      case ENDANGERED ->
          repair
              ? "a good copy is here, but the volume takes no writes now: scrub again"
              : "the "
                  + copies.holder(frame)
                  + " still has the data: `scrub --repair` writes it anew";
      default ->
          "reads of these sectors fail"
              + (tail ? " unless they were written over since" : "")
              + "; write them anew, or restore them from a backup";
    };
  }

  /** Flaws of one part of the map; {@code newest}: of the checkpoint that an open would use. */
  void part(String object, List<PartFlaw> flaws, boolean newest) {
    for (PartFlaw flaw : flaws.subList(0, Math.min(MAX_PER_OBJECT, flaws.size()))) {
      long sectors = flaw.endSector() - flaw.firstSector();
      boolean read = sectors > 0;
      String meaning;
      if (!read) {
        meaning = "no look-up reads it";
      } else if (newest) {
        meaning =
            "reads of these sectors fail, but for what newer parts of the map tell; its run is"
                + " merged no more, and segments can't be compared with the map";
      } else {
        meaning = "only the older checkpoint needs it, which serves if the newest breaks";
      }
      ledger.add(
          new ScrubFinding(
              Kind.MAP_PART,
              read && newest ? Severity.LOST : Severity.WEAKENED,
              object,
              flaw.offsetBytes(),
              flaw.lengthBytes(),
              flaw.firstSector(),
              sectors,
              flaw.why(),
              meaning));
    }
  }
}
