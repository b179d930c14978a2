/** The contract suite of object stores, the fake that simulations use, and servers for tests. */
@NullMarked
package dev.isthmus.blocktranslation.store;

import org.jspecify.annotations.NullMarked;
