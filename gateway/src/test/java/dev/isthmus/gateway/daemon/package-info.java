@NullMarked
package dev.isthmus.gateway.daemon;

import org.jspecify.annotations.NullMarked;
