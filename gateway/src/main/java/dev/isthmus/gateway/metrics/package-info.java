/** Prometheus metrics and health over HTTP. */
@NullMarked
package dev.isthmus.gateway.metrics;

import org.jspecify.annotations.NullMarked;
