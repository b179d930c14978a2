package dev.isthmus.blocktranslation;

/**
 * The process died while this call waited. An error, and not an exception, so that nothing that the
 * engine does about failures is done: the dead do nothing.
 */
final class SimCrash extends Error {

  private static final long serialVersionUID = 1L;

  SimCrash() {
    super("the process died", null, false, false);
  }
}
