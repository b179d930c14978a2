/** The real daemon measured from outside, as ratios to baselines of the same run. */
@NullMarked
package dev.isthmus.benchmarks;

import org.jspecify.annotations.NullMarked;
