package dev.isthmus.gateway.daemon;

/**
 * What is kept of a volume after each kind of loss, in plain words. Immutable.
 *
 * @param processCrash this daemon crashes
 * @param powerCut the host loses power, or its kernel crashes
 * @param hostLoss the host is lost with its disks
 * @param bucketLoss the bucket is lost; empty of a volume that is in none
 */
public record Survival(String processCrash, String powerCut, String hostLoss, String bucketLoss) {}
