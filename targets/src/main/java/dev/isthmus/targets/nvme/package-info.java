/**
 * Block devices exported over NVMe/TCP (NVM Express Base 2.0, NVMe/TCP Transport 1.0). {@link
 * dev.isthmus.targets.nvme.NvmeTcpTarget} is the way in; everything that is not public is how it
 * works.
 */
@NullMarked
package dev.isthmus.targets.nvme;

import org.jspecify.annotations.NullMarked;
