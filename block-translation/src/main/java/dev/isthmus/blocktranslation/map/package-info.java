/**
 * The log-structured map of an object-store volume: where each sector of the disk lies in the
 * bucket.
 *
 * <p>{@link dev.isthmus.blocktranslation.map.BlockMap} is the entry; {@link
 * dev.isthmus.blocktranslation.map.IntervalMap} serves the volume engine a second time for records
 * that are in the log and not yet committed. The bytes are in docs/FORMAT.md ("Map run part"), the
 * bounds and their arithmetic in docs/adr/0004-block-map.md.
 */
@NullMarked
package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.NullMarked;
