/** The devices that need nothing but the JDK: memory, nothing at all, files. */
@NullMarked
package dev.isthmus.blockdevice.simple;

import org.jspecify.annotations.NullMarked;
