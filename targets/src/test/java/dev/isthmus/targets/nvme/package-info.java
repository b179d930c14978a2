/** Tests of the NVMe/TCP target by an initiator of their own. */
@NullMarked
package dev.isthmus.targets.nvme;

import org.jspecify.annotations.NullMarked;
