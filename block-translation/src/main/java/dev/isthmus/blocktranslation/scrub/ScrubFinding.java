package dev.isthmus.blocktranslation.scrub;

/**
 * Something that is not as it must be. Immutable.
 *
 * @param kind what it is about
 * @param severity what it costs
 * @param object key in the bucket
 * @param offsetBytes where in the object
 * @param lengthBytes how much of it; 0 where the whole object or none is meant
 * @param firstSector first sector of the disk, of 512 bytes, that it is about
 * @param sectorCount how many; 0 for none that is known
 * @param what what the check said
 * @param meaning what it means to the user, and what was or can be done
 */
public record ScrubFinding(
    Kind kind,
    Severity severity,
    String object,
    long offsetBytes,
    long lengthBytes,
    long firstSector,
    long sectorCount,
    String what,
    String meaning) {

  /** What a finding is about. */
  public enum Kind {
    /** A checkpoint that the manifest names is missing, damaged, or another one. */
    CHECKPOINT,
    /** A part of the map is missing or damaged. */
    MAP_PART,
    /** An entry of the map names a place where its data is not. */
    MAP_ENTRY,
    /** The map's book-keeping of a segment is not what the map says. */
    ACCOUNTING,
    /** A segment or fence does not follow the one before it, or is missing there. */
    CHAIN,
    /** A segment is missing, of another length, or its header or table is damaged. */
    SEGMENT,
    /** A frame is damaged: the data of a write. */
    FRAME,
    /** An object that nothing names. */
    ORPHAN
  }

  /** What a finding costs, the worst first. */
  public enum Severity {
    /** Reads of these sectors fail, and no good copy is known. */
    LOST,
    /** Reads of these sectors are served from another copy for as long as that lasts. */
    ENDANGERED,
    /** Everything can be read; something that is needed if more breaks, or later, is not sound. */
    WEAKENED,
    /** Damage in what nobody reads any more. */
    HARMLESS,
    /** No damage: space that is taken for nothing. */
    SURPLUS,
    /** No damage, and not of this volume: what else lies below its prefix. */
    FOREIGN,
    /** Was damage; the blocks were written anew from a good copy. */
    REPAIRED
  }
}
