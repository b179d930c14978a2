/** What a running gateway keeps: its data directory, its catalogue, its volumes and exports. */
@NullMarked
package dev.isthmus.gateway.daemon;

import org.jspecify.annotations.NullMarked;
