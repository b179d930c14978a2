/** The write-ahead log of one volume. */
@NullMarked
package dev.isthmus.wal;

import org.jspecify.annotations.NullMarked;
