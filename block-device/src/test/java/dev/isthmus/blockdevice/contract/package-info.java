/**
 * What every device is tested by: the contract suite, and the model of what a disk may hold.
 *
 * <p>A module with a device extends {@link dev.isthmus.blockdevice.contract.BlockDeviceContract};
 * the model classes serve crash oracles too.
 */
@NullMarked
package dev.isthmus.blockdevice.contract;

import org.jspecify.annotations.NullMarked;
