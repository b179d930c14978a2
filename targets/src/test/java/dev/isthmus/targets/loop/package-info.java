/** Tests of the event loop. */
@NullMarked
package dev.isthmus.targets.loop;

import org.jspecify.annotations.NullMarked;
