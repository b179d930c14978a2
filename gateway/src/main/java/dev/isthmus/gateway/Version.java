package dev.isthmus.gateway;

/** Which Isthmus this is. */
public final class Version {

  private Version() {}

  /** As in {@code 0.1.0}; {@code development} where it runs from class files. */
  public static String text() {
    String fromJar = Version.class.getPackage().getImplementationVersion();
    return fromJar == null ? "development" : fromJar;
  }
}
