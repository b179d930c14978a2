/** The daemon and its client. */
@NullMarked
package dev.isthmus.gateway;

import org.jspecify.annotations.NullMarked;
