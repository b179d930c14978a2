package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.BlockDevice;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A device under the name by which hosts connect to it; the device is its namespace 1. Immutable.
 *
 * <p>Hosts recognise the disk after a restart by NQN, serial, namespace id, UUID and NGUID: give
 * the same name and serial each time. UUID and NGUID come from the device's identity.
 *
 * @param nqn the subsystem's name, unique within the target
 * @param serial 1 to 20 printable ASCII characters
 * @param model 1 to 40 printable ASCII characters
 * @param hosts who may connect
 * @param device what is exported. It stays the caller's: the target neither opens nor closes it,
 *     and no longer touches it once {@code unpublish} returned true
 */
public record NvmeSubsystem(
    String nqn, String serial, String model, HostAccess hosts, BlockDevice device) {

  private static final Pattern PRINTABLE = Pattern.compile("[ -~]*[!-~]");

  public NvmeSubsystem {
    Nqn.require(nqn);
    if (nqn.equals(Nqn.DISCOVERY)) {
      throw new IllegalArgumentException("the discovery NQN names no subsystem");
    }
    requireText("serial", serial, 20);
    requireText("model", model, 40);
  }

  /** With a serial made of the device's UUID, and our model. */
  public NvmeSubsystem(String nqn, HostAccess hosts, BlockDevice device) {
    this(nqn, serialOf(device), "Isthmus", hosts, device);
  }

  private static void requireText(String what, String text, int maxLength) {
    if (text.length() > maxLength || !PRINTABLE.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "a " + what + " has 1 to " + maxLength + " printable ASCII characters: \"" + text + "\"");
    }
  }

  /** The same for one UUID always: its first 20 hex digits. */
  private static String serialOf(BlockDevice device) {
    var uuid = device.info().identity().uuid();
    byte[] bytes =
        ByteBuffer.allocate(16)
            .putLong(uuid.getMostSignificantBits())
            .putLong(uuid.getLeastSignificantBits())
            .array();
    return HexFormat.of().formatHex(bytes, 0, 10);
  }
}
