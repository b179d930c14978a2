/** Where log lines go and what they look like. */
@NullMarked
package dev.isthmus.gateway.logging;

import org.jspecify.annotations.NullMarked;
