/** The contract suite that every device runs, and tests of the simplest devices. */
@NullMarked
package dev.isthmus.blockdevice;

import org.jspecify.annotations.NullMarked;
