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
              + " checkpoints: say --checkpoint none to read the segments alone");
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

  private static String name(Manifest.CheckpointRef ref) {
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
