/** The objects in the bucket, byte by byte: docs/FORMAT.md. */
@NullMarked
package dev.isthmus.blocktranslation.format;

import org.jspecify.annotations.NullMarked;
