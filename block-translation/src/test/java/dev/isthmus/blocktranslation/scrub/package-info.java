@NullMarked
package dev.isthmus.blocktranslation.scrub;

import org.jspecify.annotations.NullMarked;
