package dev.isthmus.blocktranslation;

import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.RecoveredLog;
import dev.isthmus.wal.WeakForce;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** This machine's logs, forced wrongly. Immutable. */
record WeakLogHome(WeakForce force) implements LogHome {

  @Override
  public boolean exists(Path directory) {
    return DISK.exists(directory);
  }

  @Override
  public RecoveredLog open(Path directory, LogSettings settings, UUID volume) {
    return force.open(directory, settings, volume);
  }

  @Override
  public RecoveredLog create(Path directory, LogSettings settings, UUID volume, UUID logId) {
    return force.create(directory, settings, volume, logId);
  }

  @Override
  public Path setAside(Path directory) {
    return DISK.setAside(directory);
  }

  @Override
  public List<Path> list(Path directory, String prefix) throws IOException {
    return DISK.list(directory, prefix);
  }
}
