/** Tests of buckets by the MinIO client. */
@NullMarked
package dev.isthmus.blocktranslation.store.minio;

import org.jspecify.annotations.NullMarked;
