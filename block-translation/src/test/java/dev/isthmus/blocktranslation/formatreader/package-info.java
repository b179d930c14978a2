/**
 * A second reader of everything that a volume stores, written from docs/FORMAT.md alone. It shares
 * no line with the product's codecs, so that page and product can't be wrong in the same way.
 */
@NullMarked
package dev.isthmus.blocktranslation.formatreader;

import org.jspecify.annotations.NullMarked;
