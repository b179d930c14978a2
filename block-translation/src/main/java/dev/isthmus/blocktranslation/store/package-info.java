/** The object store that a disk is kept in: the interface, its values and its failures. */
@NullMarked
package dev.isthmus.blocktranslation.store;

import org.jspecify.annotations.NullMarked;
