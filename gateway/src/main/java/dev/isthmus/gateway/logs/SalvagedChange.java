package dev.isthmus.gateway.logs;

/**
 * One change of the disk that a log holds: what is at the range afterwards. Immutable.
 *
 * @param lsn its place in the order
 * @param timeNanos since 1970, by its writer's clock
 * @param zeroes whether the range reads as zeroes (zeroed or discarded); else data was written
 * @param offsetBytes on the disk
 * @param lengthBytes of the range
 */
public record SalvagedChange(
    long lsn, long timeNanos, boolean zeroes, long offsetBytes, long lengthBytes) {}
