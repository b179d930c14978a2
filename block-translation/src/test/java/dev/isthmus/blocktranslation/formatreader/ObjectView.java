package dev.isthmus.blocktranslation.formatreader;

import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All objects of one volume, by key without {@code PREFIX/VOLUME/}. Nobody changes the bytes. */
final class ObjectView {

  private final NavigableMap<String, byte[]> objects;

  ObjectView(Map<String, byte[]> objects) {
    this.objects = new TreeMap<>(objects);
  }

  NavigableSet<String> keys() {
    return objects.navigableKeySet();
  }

  /** The object's bytes; null if there is none. */
  byte @Nullable [] find(String key) {
    return objects.get(key);
  }

  /** The object's bytes; its absence is damage. */
  Fields require(String key) {
    byte[] bytes = objects.get(key);
    if (bytes == null) {
      throw new DamageException(key, "object", "is missing");
    }
    return Fields.of(key, bytes);
  }

  /** The same with one object put in place of what was there. */
  ObjectView with(String key, byte[] bytes) {
    var changed = new TreeMap<>(objects);
    changed.put(key, bytes);
    return new ObjectView(changed);
  }

  ObjectView without(String key) {
    var changed = new TreeMap<>(objects);
    changed.remove(key);
    return new ObjectView(changed);
  }
}
