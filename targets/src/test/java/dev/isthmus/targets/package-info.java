/** What the tests of all targets share. */
@NullMarked
package dev.isthmus.targets;

import org.jspecify.annotations.NullMarked;
