/** Programs of a few lines that use a device as a library. They run without any JVM flag. */
@NullMarked
package dev.isthmus.blockdevice.examples;

import org.jspecify.annotations.NullMarked;
