/** What all targets share: how a block device is exported. */
@NullMarked
package dev.isthmus.targets;

import org.jspecify.annotations.NullMarked;
