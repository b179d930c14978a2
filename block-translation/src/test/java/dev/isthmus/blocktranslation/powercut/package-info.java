/** Drives {@code power-cut/}: disks that record what is written to them, and power cuts of them. */
@NullMarked
package dev.isthmus.blocktranslation.powercut;

import org.jspecify.annotations.NullMarked;
