/** Tests of the log. */
@NullMarked
package dev.isthmus.wal;

import org.jspecify.annotations.NullMarked;
