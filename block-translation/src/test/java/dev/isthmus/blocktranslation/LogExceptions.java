package dev.isthmus.blocktranslation;

import dev.isthmus.wal.LogException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;

/** Makes the log's exceptions, whose constructors belong to the log, for a log that is none. */
final class LogExceptions {

  private LogExceptions() {}

  /** An exception of {@code type} from its constructor with so many arguments. */
  static <E extends LogException> E of(Class<E> type, Object... arguments) {
    try {
      for (Constructor<?> constructor : type.getDeclaredConstructors()) {
        if (constructor.getParameterCount() == arguments.length) {
          constructor.setAccessible(true);
          return type.cast(constructor.newInstance(arguments));
        }
      }
      throw new AssertionError("no such constructor of " + type);
    } catch (InvocationTargetException | InstantiationException | IllegalAccessException e) {
      throw new LinkageError("a constructor of " + type, e);
    }
  }
}
