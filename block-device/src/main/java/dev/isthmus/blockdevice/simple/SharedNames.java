package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.DeviceException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Disks of this process by name, each shared by all that have it open and gone with the last.
 *
 * <p>Threading: guarded by itself.
 */
final class SharedNames<D> {

  private static final class Entry<D> {
    final D disk;
    int users = 1;

    Entry(D disk) {
      this.disk = disk;
    }
  }

  private final String scheme;
  private final Consumer<D> free;
  private final Map<String, Entry<D>> entries = new HashMap<>();

  /**
   * @param free called once for each disk, after its last user closed it
   */
  SharedNames(String scheme, Consumer<D> free) {
    this.scheme = scheme;
    this.free = free;
  }

  synchronized D create(String name, Supplier<D> maker) {
    if (entries.containsKey(name)) {
      throw new DeviceException.Invalid(scheme + ":///" + name + " exists; open it without a size");
    }
    D disk = maker.get();
    entries.put(name, new Entry<>(disk));
    return disk;
  }

  synchronized D open(String name) {
    Entry<D> entry = entries.get(name);
    if (entry == null) {
      throw new DeviceException.Unavailable(
          "no " + scheme + ":///" + name + " is open in this process; create it with a size");
    }
    entry.users++;
    return entry.disk;
  }

  /** Undoes one {@link #create} or {@link #open}. */
  void close(String name) {
    D disk;
    synchronized (this) {
      Entry<D> entry = java.util.Objects.requireNonNull(entries.get(name), name);
      if (--entry.users > 0) {
        return;
      }
      disk = entry.disk;
      entries.remove(name);
    }
    free.accept(disk);
  }
}
