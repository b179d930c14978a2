package dev.isthmus.blocktranslation;

import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.WeakForce;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.UUID;

/** This machine's logs, forced wrongly. */
final class WeakLogHome {

  private WeakLogHome() {}

  /** {@link LogHome#DISK}, but that logs are opened and created with another force. */
  static LogHome of(WeakForce force) {
    return (LogHome)
        Proxy.newProxyInstance(
            LogHome.class.getClassLoader(),
            new Class<?>[] {LogHome.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "open" ->
                      force.open(
                          (Path) arguments[0], (LogSettings) arguments[1], (UUID) arguments[2]);
                  case "create" ->
                      force.create(
                          (Path) arguments[0],
                          (LogSettings) arguments[1],
                          (UUID) arguments[2],
                          (UUID) arguments[3]);
                  default -> {
                    try {
                      yield method.invoke(LogHome.DISK, arguments);
                    } catch (InvocationTargetException e) {
                      throw e.getCause();
                    }
                  }
                });
  }
}
