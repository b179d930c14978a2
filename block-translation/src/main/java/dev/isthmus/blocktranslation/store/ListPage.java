package dev.isthmus.blocktranslation.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a listing.
 *
 * @param objects in ascending order of their keys' bytes
 * @param nextStartAfter what to pass as {@code startAfter} for the next page; null if this was the
 *     last
 */
public record ListPage(List<ListedObject> objects, @Nullable String nextStartAfter) {

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
