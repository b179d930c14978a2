package dev.isthmus.targets.loop;

/** A timer that can be called off, on its loop. */
public interface TimerHandle {

  /** Does nothing if it ran already. */
  void cancel();
}
