/** Logs on this host as people look at them: found, described, salvaged; never changed. */
@NullMarked
package dev.isthmus.gateway.logs;

import org.jspecify.annotations.NullMarked;
