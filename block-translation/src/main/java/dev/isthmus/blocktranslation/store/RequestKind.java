package dev.isthmus.blocktranslation.store;

/** The requests that there are; providers charge by these. */
public enum RequestKind {
  GET,
  PUT,
  DELETE,
  LIST
}
