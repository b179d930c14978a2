/** Tests of the map. */
@NullMarked
package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.NullMarked;
