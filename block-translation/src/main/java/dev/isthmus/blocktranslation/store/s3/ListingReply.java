package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of a listing as a library received it. Immutable.
 *
 * @param objects in the server's order
 * @param truncated whether the server says that more follow
 * @param continuation what the server wants back for them
 */
public record ListingReply(List<Item> objects, boolean truncated, @Nullable String continuation) {

  /** One object, as far as the server told it. */
  public record Item(@Nullable String key, @Nullable Long lengthBytes) {}

  /**
   * The page, believing nothing that would make a lister loop or leave its prefix; throws a {@link
   * StoreException} otherwise.
   *
   * @param what the request, for messages
   * @param asked the continuation that was sent
   */
  public ListPage page(String what, String prefix, @Nullable String asked, int maxKeys) {
    var listed = new ArrayList<ListPage.ListedObject>();
    String last = "";
    for (Item object : objects) {
      String key = object.key();
      if (key == null || object.lengthBytes() == null || !key.startsWith(prefix)) {
        throw new StoreException.Internal(what + ": a listed object is not under it", null);
      }
      if (key.compareTo(last) <= 0 || listed.size() == maxKeys) {
        throw new StoreException.Internal(what + ": the page is out of order or too long", null);
      }
      listed.add(new ListPage.ListedObject(key, object.lengthBytes()));
      last = key;
    }
    if (!truncated) {
      return new ListPage(listed, null);
    }
    if (continuation == null || continuation.equals(asked) || listed.isEmpty()) {
      throw new StoreException.Internal(what + ": a page that leads to no next one", null);
    }
    return new ListPage(listed, continuation);
  }
}
