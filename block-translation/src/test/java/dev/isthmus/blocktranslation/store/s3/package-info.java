/** Tests of the S3 store against real servers and against servers that misbehave. */
@NullMarked
package dev.isthmus.blocktranslation.store.s3;

import org.jspecify.annotations.NullMarked;
