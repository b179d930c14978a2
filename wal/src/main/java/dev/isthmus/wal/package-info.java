/**
 * The write-ahead log of one volume: records of at most 32 KiB, in one order, on the local disk.
 *
 * <p>{@link dev.isthmus.wal.LogDirectory} opens or creates a log and reads what is there without
 * changing it ({@link dev.isthmus.wal.RecoveredLog}); {@link
 * dev.isthmus.wal.RecoveredLog#startAppending} turns it into a {@link
 * dev.isthmus.wal.WriteAheadLog}. Chronicle Queue lays the files out; {@code docs/FORMAT.md}
 * describes every byte.
 *
 * <p>A program that uses this package runs its JVM with the flags named at {@link
 * dev.isthmus.wal.LogDirectory}.
 */
@NullMarked
package dev.isthmus.wal;

import org.jspecify.annotations.NullMarked;
