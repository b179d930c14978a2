/** Object stores in a directory: the default of a gateway that has no S3. */
@NullMarked
package dev.isthmus.blocktranslation.store.directory;

import org.jspecify.annotations.NullMarked;
