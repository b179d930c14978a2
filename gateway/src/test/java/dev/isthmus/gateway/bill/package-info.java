@NullMarked
package dev.isthmus.gateway.bill;

import org.jspecify.annotations.NullMarked;
