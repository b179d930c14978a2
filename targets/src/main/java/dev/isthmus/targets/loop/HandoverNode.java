package dev.isthmus.targets.loop;

import org.jspecify.annotations.Nullable;

/** Something that another thread hands to a loop. A node is handed over again only after it ran. */
public abstract class HandoverNode {

  @Nullable HandoverNode nextHandedOver;

  /** Runs on the loop. */
  protected abstract void onLoop();
}
