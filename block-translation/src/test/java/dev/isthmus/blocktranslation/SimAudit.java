package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.ManifestCodec;
import dev.isthmus.blocktranslation.formatreader.BucketJudge;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the bucket itself, past the engine: what holds after each effect, whether it alone is a
 * prefix of the changes, and damage by its own hand. Threading: confined to the test's thread.
 */
final class SimAudit {

  private static final String PREFIX = SimHost.PLACE.keyPrefix();
  private static final String MANIFEST = PREFIX + Keys.MANIFEST;

  private final FakeBucket bucket;
  private final SimHost host;
  private int seen;
  private @Nullable Manifest newest;
  private boolean watching = true;
  private boolean missing;

  SimAudit(FakeBucket bucket, SimHost host) {
    this.bucket = bucket;
    this.host = host;
  }

  /** Judges what took effect since the last time. */
  void watch(SimTally tally) {
    if (!watching || bucket.effectCount() == seen) {
      return;
    }
    boolean look = false;
    for (FakeBucket.Effect effect : bucket.effectsFrom(seen)) {
      if (effect.kind() == RequestKind.DELETE) {
        tally.deletes++;
        look = true;
      } else if (effect.won() && effect.key().equals(MANIFEST)) {
        look = true;
      } else if (effect.won() && effect.key().contains("/checkpoints/")) {
        tally.checkpoints++;
      }
    }
    seen = bucket.effectCount();
    if (look) {
      Manifest now = host.manifest();
      if (newest != null) {
        boolean forwards =
            now.epoch() >= newest.epoch()
                && now.incarnation() >= newest.incarnation()
                && (now.counter() > newest.counter() || now.equals(newest));
        if (!forwards) {
          throw new AssertionError("the manifest went back from " + newest + " to " + now);
        }
      }
      newest = now;
      BucketInvariants.check(host);
    }
  }

  /** The newest owner's epoch, as far as was watched. */
  long namedEpoch() {
    return newest == null ? 0 : newest.epoch();
  }

  /** How often the manifest was replaced. */
  long manifestReplacements() {
    return bucket.effects().stream()
        .filter(effect -> effect.won() && effect.key().equals(MANIFEST))
        .count();
  }

  /** Whether the bucket says that the owner of this epoch closed the volume. */
  boolean isClosedBy(long epoch) {
    Manifest manifest = host.manifest();
    return manifest.state() == Manifest.State.CLOSED && manifest.epoch() == epoch;
  }

  /** Reads the bucket as one would with nothing but FORMAT.md: it holds a prefix. */
  void readBucket(Term term) {
    var objects = new TreeMap<String, byte[]>();
    for (String key : bucket.keys()) {
      byte[] bytes = bucket.peek(key);
      if (key.startsWith(PREFIX) && bytes != null) {
        objects.put(key.substring(PREFIX.length()), bytes);
      }
    }
    BucketJudge.Found found = BucketJudge.judge(objects);
    if (found.lastLsn() < term.uploaded || found.lastLsn() > term.line.last()) {
      throw new AssertionError(
          "the bucket holds LSN " + found.lastLsn() + ", said to hold " + term.uploaded);
    }
    long[] expected = term.line.state(found.lastLsn());
    MemorySegment disk = MemorySegment.ofArray(found.disk());
    for (int block = 0; block < expected.length; block++) {
      long id =
          BlockStamp.idOf(
              disk.asSlice((long) block * SimWorld.BLOCK_BYTES, SimWorld.BLOCK_BYTES), block);
      if (id != expected[block]) {
        throw new AssertionError(
            "the bucket alone shows " + id + " in block " + block + ", not " + expected[block]);
      }
    }
  }

  /** Damages one thing at rest, and says what. */
  String damage(Random random, SimHost owner) {
    watching = false;
    if (random.nextInt(4) == 0) {
      return owner.logs.damageRecord() ? "a record rots" : "no record to rot";
    }
    List<String> keys = bucket.keys();
    List<String> checkpoints = keys.stream().filter(k -> k.contains("/checkpoints/")).toList();
    String key =
        random.nextInt(3) == 0 && !checkpoints.isEmpty()
            ? newestCheckpoint(checkpoints)
            : keys.get(random.nextInt(keys.size()));
    switch (random.nextInt(4)) {
      case 0 -> {
        byte[] bytes = bucket.peek(key);
        bucket.truncate(key, bytes == null ? 0 : random.nextInt(bytes.length));
      }
      case 1 -> {
        if (key.equals(MANIFEST)) {
          return "nothing"; // without it there is no volume
        }
        missing = true;
        bucket.remove(key);
      }
      default -> bucket.corrupt(key, random);
    }
    return key + " is damaged";
  }

  private String newestCheckpoint(List<String> checkpoints) {
    try {
      byte[] bytes = bucket.peek(MANIFEST);
      if (bytes != null) {
        List<Manifest.CheckpointRef> named = ManifestCodec.decode(bytes).checkpoints();
        if (!named.isEmpty()) {
          Manifest.CheckpointRef ref = named.getFirst();
          String key =
              PREFIX
                  + Keys.checkpoint(ManifestCodec.decode(bytes).volume(), ref.epoch(), ref.nonce());
          if (bucket.peek(key) != null) {
            return key;
          }
        }
      }
    } catch (FormatException e) {
      // It was damaged before.
    }
    return checkpoints.getFirst();
  }

  /** Whether an object was taken away: the end of the chain may then be another one. */
  boolean isAnythingMissing() {
    return missing;
  }
}
