package dev.isthmus.blocktranslation.store;

/** What must hold of a key for a put to take effect. Immutable. */
public sealed interface PutCondition {

  /** Nothing. */
  record Always() implements PutCondition {}

  /** No object is there ({@code If-None-Match: *}). */
  record IfAbsent() implements PutCondition {}

  /** The object there has this tag ({@code If-Match}). */
  record IfMatch(ETag etag) implements PutCondition {}

  static PutCondition always() {
    return new Always();
  }

  static PutCondition ifAbsent() {
    return new IfAbsent();
  }

  static PutCondition ifMatch(ETag etag) {
    return new IfMatch(etag);
  }
}
