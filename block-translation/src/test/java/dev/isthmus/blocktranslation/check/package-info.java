@NullMarked
package dev.isthmus.blocktranslation.check;

import org.jspecify.annotations.NullMarked;
