/** Tests of the simplest devices. */
@NullMarked
package dev.isthmus.blockdevice.simple;

import org.jspecify.annotations.NullMarked;
