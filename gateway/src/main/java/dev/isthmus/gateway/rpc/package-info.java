/** The control interface over a Unix socket, both ends. */
@NullMarked
package dev.isthmus.gateway.rpc;

import org.jspecify.annotations.NullMarked;
