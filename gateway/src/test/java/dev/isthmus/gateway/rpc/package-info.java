@NullMarked
package dev.isthmus.gateway.rpc;

import org.jspecify.annotations.NullMarked;
