package dev.isthmus.blocktranslation.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a listing. Immutable.
 *
 * @param objects in ascending order of their keys' bytes
 * @param continuation what the store wants back for the next page of the same prefix, opaque and
 *     good for minutes; null if this was the last. It is not a key: MinIO, asked to start after a
 *     key inside a "directory", drops all that follows the directory and calls the page the last
 */
public record ListPage(List<ListedObject> objects, @Nullable String continuation) {

  /**
   * One object of a page.
   *
   * @param key the whole key, prefix included
   */
  public record ListedObject(String key, long lengthBytes) {}

  public ListPage {
    objects = List.copyOf(objects);
  }
}
