package dev.isthmus.blocktranslation;

/**
 * Where a volume is. Immutable.
 *
 * @param name the last part of its URI
 * @param keyPrefix of its objects in the bucket, ending in a slash
 * @param where its URI without options, for people
 */
record VolumePlace(String name, String keyPrefix, String where) {}
