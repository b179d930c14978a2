package dev.isthmus.targets.loop;

/** Makes the core of an accepted connection, on its loop. */
@FunctionalInterface
public interface ProtocolFactory {

  Protocol create(Transport transport);
}
