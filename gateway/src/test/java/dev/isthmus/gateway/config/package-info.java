@NullMarked
package dev.isthmus.gateway.config;

import org.jspecify.annotations.NullMarked;
