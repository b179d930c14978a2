/** The object-store child: a whole disk in a bucket. */
@NullMarked
package dev.isthmus.blocktranslation;

import org.jspecify.annotations.NullMarked;
