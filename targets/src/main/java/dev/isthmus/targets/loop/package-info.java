/**
 * The event loop that all network targets share: sockets, buffers, timers, and the hand-over of
 * completions from device threads. Knows no protocol.
 */
@NullMarked
package dev.isthmus.targets.loop;

import org.jspecify.annotations.NullMarked;
