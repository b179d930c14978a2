/** What volumes cost: price tables, and bills made of them. */
@NullMarked
package dev.isthmus.gateway.bill;

import org.jspecify.annotations.NullMarked;
