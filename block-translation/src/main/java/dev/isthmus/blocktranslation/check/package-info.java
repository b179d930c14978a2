/** Whether a bucket, its provider and its settings will do for volumes: a check for people. */
@NullMarked
package dev.isthmus.blocktranslation.check;

import org.jspecify.annotations.NullMarked;
