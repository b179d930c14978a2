package dev.isthmus.blocktranslation.formatreader;

import java.io.Serial;

/** What was read is not what the page says: names the object, and the field that shows it. */
final class DamageException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1;

  private final String object;
  private final String field;

  DamageException(String object, String field, String problem) {
    super(object + ": " + field + ": " + problem);
    this.object = object;
    this.field = field;
  }

  /** The key of the object, or the name of the file. */
  String object() {
    return object;
  }

  /** As the page names it, with the index of its entry, page or frame where there are many. */
  String field() {
    return field;
  }
}
