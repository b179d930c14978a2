/** Tests of the object-store child as a whole. */
@NullMarked
package dev.isthmus.blocktranslation;

import org.jspecify.annotations.NullMarked;
