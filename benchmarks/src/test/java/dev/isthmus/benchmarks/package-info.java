@NullMarked
package dev.isthmus.benchmarks;

import org.jspecify.annotations.NullMarked;
