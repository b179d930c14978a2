/** A proxy between a client and an object store that does what networks and servers do at times. */
@NullMarked
package dev.isthmus.blocktranslation.store.proxy;

import org.jspecify.annotations.NullMarked;
