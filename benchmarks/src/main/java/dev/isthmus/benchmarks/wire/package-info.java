/** Hosts that keep a number of requests in flight on one connection, polling. */
@NullMarked
package dev.isthmus.benchmarks.wire;

import org.jspecify.annotations.NullMarked;
