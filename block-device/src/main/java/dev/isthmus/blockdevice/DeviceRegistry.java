package dev.isthmus.blockdevice;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Turns storage URIs into devices. Threading: immutable. */
public final class DeviceRegistry {

  private final Map<String, DeviceProvider> providers = new TreeMap<>();

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
