package dev.isthmus.blocktranslation.check;

import dev.isthmus.blocktranslation.store.StoreException;

/** A store's failure in few words: its request is known from the line that it stands in. */
final class Words {

  private Words() {}

  static String of(StoreException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.substring(message.lastIndexOf(": ") < 0 ? 0 : message.lastIndexOf(": ") + 2);
  }
}
