/** Building blocks of devices: in-flight accounting, bounded recursion, range locks. */
@NullMarked
package dev.isthmus.blockdevice.support;

import org.jspecify.annotations.NullMarked;
