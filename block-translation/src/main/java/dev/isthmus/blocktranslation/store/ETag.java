package dev.isthmus.blocktranslation.store;

/**
 * A server's name for one version of an object, opaque, compared as a whole. On S3 it is mostly a
 * hash of the content, so two versions with equal bytes may have equal tags: an object that is
 * changed by {@link PutCondition#ifMatch} carries a nonce, so that no tag recurs. Immutable.
 *
 * @param value as the server sent it, its quotes included
 */
public record ETag(String value) {

  private static final int MAX_LENGTH = 256;

  public ETag {
    if (value.isEmpty()
        || value.length() > MAX_LENGTH
        || value.chars().anyMatch(c -> c < 0x21 || c > 0x7e)) {
      throw new IllegalArgumentException("an ETag is 1 to " + MAX_LENGTH + " visible characters");
    }
  }

  /** Without quotes: some servers give them in one answer and not in another. */
  public String bare() {
    return value.replace("\"", "");
  }
}
