/** Object stores that speak S3. */
@NullMarked
package dev.isthmus.blocktranslation.store.s3;

import org.jspecify.annotations.NullMarked;
