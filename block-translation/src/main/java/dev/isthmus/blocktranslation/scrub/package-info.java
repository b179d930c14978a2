/** Finds damage before a reader does: everything of a volume in its bucket, read and compared. */
@org.jspecify.annotations.NullMarked
package dev.isthmus.blocktranslation.scrub;
