/**
 * The gateway with real neighbours: a MinIO server, Linux's own NVMe/TCP initiator (in {@code
 * kernel-initiator/}), a second gateway. Logs and figures stay in {@code target/kernel-it/TEST/}.
 */
@NullMarked
package dev.isthmus.gateway.kernel;

import org.jspecify.annotations.NullMarked;
