/** Tests of the store in a directory. */
@NullMarked
package dev.isthmus.blocktranslation.store.directory;

import org.jspecify.annotations.NullMarked;
