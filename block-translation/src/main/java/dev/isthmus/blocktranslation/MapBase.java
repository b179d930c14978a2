package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.image.PinnedState;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a volume's map can be put together from: a checkpoint and the segments behind it, or all
 * segments. Immutable.
 *
 * @param key of the checkpoint; null for segments alone
 * @param named how the manifest names it; null if it does not
 * @param words for people
 */
record MapBase(@Nullable Key key, Manifest.@Nullable CheckpointRef named, String words) {

  /** What a checkpoint's key ends with. */
  record Key(long epoch, long nonce) {}

  static final MapBase SEGMENTS = new MapBase(null, null, "the segments alone, from the first on");

  /**
   * What to try, in this order.
   *
   * @param pinned the state that is wanted; null for the newest
   * @throws DeviceException.Invalid if there is no such checkpoint
   */
  static List<MapBase> of(
      Manifest manifest, CheckpointChoice choice, @Nullable PinnedState pinned) {
    List<Manifest.CheckpointRef> refs = manifest.checkpoints();
    return switch (choice.way()) {
      case AUTOMATIC -> automatic(refs, pinned);
      case NEWEST -> List.of(nth(refs, 0));
      case PREVIOUS -> List.of(nth(refs, 1));
      case NONE -> List.of(SEGMENTS);
      case KEY -> List.of(keyed(refs, choice.epoch(), choice.nonce()));
    };
  }

  /**
   * Ways to the disk as it was at one checkpoint: that one, and if the manifest names it, whatever
   * leads to the same place in the chain.
   *
   * @throws DeviceException.Invalid if there is no such checkpoint
   */
  static List<MapBase> at(Manifest manifest, CheckpointChoice choice) {
    List<Manifest.CheckpointRef> refs = manifest.checkpoints();
    MapBase wanted =
        switch (choice.way()) {
          case NEWEST -> nth(refs, 0);
          case PREVIOUS -> nth(refs, 1);
          case KEY -> keyed(refs, choice.epoch(), choice.nonce());
          case AUTOMATIC, NONE ->
              throw new DeviceException.Invalid(
                  "the disk can be had as it was at a checkpoint: newest, previous, or the end of a"
                      + " checkpoint's key");
        };
    var bases = new ArrayList<MapBase>(List.of(wanted));
    if (wanted.named != null) {
      for (int i = refs.indexOf(wanted.named) + 1; i < refs.size(); i++) {
        bases.add(nth(refs, i));
      }
      bases.add(SEGMENTS);
    }
    return bases;
  }

  private static List<MapBase> automatic(
      List<Manifest.CheckpointRef> refs, @Nullable PinnedState pinned) {
    var bases = new ArrayList<MapBase>();
    for (int i = 0; i < refs.size(); i++) {
      if (pinned == null || refs.get(i).sequence() <= pinned.sequence()) {
        bases.add(nth(refs, i));
      }
    }
    if (pinned != null && !pinned.checkpoint().isEmpty()) {
      // Perhaps no longer named, and not deleted yet.
      CheckpointChoice began = CheckpointChoice.parse(pinned.checkpoint());
      MapBase base = keyed(refs, began.epoch(), began.nonce());
      if (bases.stream().noneMatch(known -> Objects.equals(base.key(), known.key()))) {
        bases.add(base);
      }
    }
    bases.add(SEGMENTS);
    return bases;
  }

  private static MapBase nth(List<Manifest.CheckpointRef> refs, int index) {
    if (index >= refs.size()) {
      throw new DeviceException.Invalid(
          "the manifest names "
              + refs.size()
              + " checkpoints, and not that one. --checkpoint none reads the newest state from the"
              + " segments alone");
    }
    Manifest.CheckpointRef ref = refs.get(index);
    return new MapBase(
        new Key(ref.epoch(), ref.nonce()),
        ref,
        (index == 0 ? "the newest checkpoint, " : "the checkpoint before, ") + name(ref));
  }

  private static MapBase keyed(List<Manifest.CheckpointRef> refs, long epoch, long nonce) {
    for (int i = 0; i < refs.size(); i++) {
      if (refs.get(i).epoch() == epoch && refs.get(i).nonce() == nonce) {
        return nth(refs, i);
      }
    }
    return new MapBase(
        new Key(epoch, nonce), null, "checkpoint " + name(epoch, nonce) + ", named by hand");
  }

  /** A checkpoint as people name it: what its key ends with. */
  static String name(Manifest.CheckpointRef ref) {
    return name(ref.epoch(), ref.nonce());
  }

  private static String name(long epoch, long nonce) {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(epoch) + "-" + hex.toHexDigits(nonce);
  }

  /** As a {@link CheckpointChoice} takes it; empty for segments alone. */
  String checkpoint() {
    return key == null ? "" : name(key.epoch(), key.nonce());
  }
}
