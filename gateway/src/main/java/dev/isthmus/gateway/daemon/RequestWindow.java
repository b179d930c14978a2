package dev.isthmus.gateway.daemon;

import dev.isthmus.blocktranslation.store.StoreStatistics;

/**
 * What was asked of a bucket in a stretch of time that ends now. Immutable.
 *
 * @param lengthNanos how long that is
 * @param requests what was asked in it
 */
public record RequestWindow(long lengthNanos, StoreStatistics requests) {}
