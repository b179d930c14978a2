@NullMarked
package dev.isthmus.gateway;

import org.jspecify.annotations.NullMarked;
