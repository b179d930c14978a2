/** The command line: serving, and the verbs that talk to a running daemon. */
@NullMarked
package dev.isthmus.gateway.cli;

import org.jspecify.annotations.NullMarked;
