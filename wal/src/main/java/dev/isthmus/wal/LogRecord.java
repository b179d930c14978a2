package dev.isthmus.wal;

/**
 * A data record as recovery found it. Immutable.
 *
 * @param type a data type, never a control type
 * @param flags see {@link WriteAheadLog#append}
 * @param epoch of its writer
 * @param generation of the log when it was written
 * @param lsn its place in the order
 * @param durableLsn the newest LSN known to be locally durable when it was written
 * @param timeNanos since 1970-01-01 UTC
 * @param sector in units of 512 bytes
 * @param sectorCount in units of 512 bytes
 * @param position of the payload, for {@link WriteAheadLog#read}; also given without a payload
 * @param payloadLength in bytes, 0 for none
 * @param payloadCrc CRC-32C of the payload, 0 for none
 */
public record LogRecord(
    RecordType type,
    int flags,
    long epoch,
    int generation,
    long lsn,
    long durableLsn,
    long timeNanos,
    long sector,
    long sectorCount,
    long position,
    int payloadLength,
    int payloadCrc) {}
