/** Tests of the building blocks of devices. */
@NullMarked
package dev.isthmus.blockdevice.support;

import org.jspecify.annotations.NullMarked;
