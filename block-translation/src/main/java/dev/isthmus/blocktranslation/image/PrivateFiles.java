package dev.isthmus.blocktranslation.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files for their owner alone: whoever reads an image reads the whole disk. Stateless. */
public final class PrivateFiles {

  private static final Set<PosixFilePermission> OWNER =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private PrivateFiles() {}

  /**
   * Creates an empty file with mode 0600, whatever the umask.
   *
   * @throws java.nio.file.FileAlreadyExistsException if there is anything of that name
   */
  public static void create(Path path) throws IOException {
    Path _ = Files.createFile(path, PosixFilePermissions.asFileAttribute(OWNER));
  }
}
