package dev.isthmus.blockdevice;

/** Words of command lines that messages tell people to type. Stateless. */
public final class ShellWord {

  private ShellWord() {}

  /** {@code word}, quoted for a shell if need be. */
  public static String of(String word) {
    return word.matches("[A-Za-z0-9_./:+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
