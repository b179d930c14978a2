/** Bytes of a volume's objects, as docs/FORMAT.md lays them down. */
@NullMarked
package dev.isthmus.blocktranslation.format;

import org.jspecify.annotations.NullMarked;
