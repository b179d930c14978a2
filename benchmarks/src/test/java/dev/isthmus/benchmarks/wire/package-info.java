@NullMarked
package dev.isthmus.benchmarks.wire;

import org.jspecify.annotations.NullMarked;
