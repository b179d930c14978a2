/** Tests of the formats. */
@NullMarked
package dev.isthmus.blocktranslation.format;

import org.jspecify.annotations.NullMarked;
