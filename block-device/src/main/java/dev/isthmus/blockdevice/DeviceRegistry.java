package dev.isthmus.blockdevice;

import dev.isthmus.blockdevice.simple.FileProvider;
import dev.isthmus.blockdevice.simple.MallocProvider;
import dev.isthmus.blockdevice.simple.NullProvider;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Turns storage URIs into devices. Threading: immutable. */
public final class DeviceRegistry {

  private final Map<String, DeviceProvider> providers = new TreeMap<>();

  /**
   * The providers that need nothing but the JDK: {@code malloc}, {@code null}, {@code file} and
   * {@code aio}. Each call makes new ones, so malloc and null names are of one list.
   */
  public static List<DeviceProvider> simpleProviders() {
    return List.of(new MallocProvider(), new NullProvider(), new FileProvider());
  }

  /** A registry of the {@link #simpleProviders}. */
  public static DeviceRegistry simple() {
    return new DeviceRegistry(simpleProviders());
  }

  /** A registry of exactly these providers; two for one scheme are refused. */
  public DeviceRegistry(List<DeviceProvider> providers) {
    for (DeviceProvider provider : providers) {
      for (String scheme : provider.schemes()) {
        if (this.providers.put(scheme, provider) != null) {
          throw new IllegalArgumentException("two providers for " + scheme + "://");
        }
      }
    }
  }

  /**
   * Opens an existing device.
   *
   * @throws DeviceException.Invalid for an unknown scheme or query key, by name
   */
  public BlockDevice open(String uri) {
    var parsed = StorageUri.parse(uri);
    return provider(parsed).open(parsed);
  }

  /** Creates a device and opens it; see {@link #open}. */
  public BlockDevice create(String uri) {
    var parsed = StorageUri.parse(uri);
    return provider(parsed).create(parsed);
  }

  private DeviceProvider provider(StorageUri uri) {
    DeviceProvider provider = providers.get(uri.scheme());
    if (provider == null) {
      throw new DeviceException.Invalid(
          "no device has the scheme " + uri.scheme() + "://; known are " + providers.keySet());
    }
    return provider;
  }
}
