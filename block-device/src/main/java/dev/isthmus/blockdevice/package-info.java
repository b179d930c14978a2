/** The block device contract, storage URIs, and the simplest devices. */
@NullMarked
package dev.isthmus.blockdevice;

import org.jspecify.annotations.NullMarked;
