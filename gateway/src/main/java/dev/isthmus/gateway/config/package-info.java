/** Settings: one table of keys for flags, environment, file and defaults. */
@NullMarked
package dev.isthmus.gateway.config;

import org.jspecify.annotations.NullMarked;
