@NullMarked
package dev.isthmus.blocktranslation.image;

import org.jspecify.annotations.NullMarked;
