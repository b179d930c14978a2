/** Buckets by the MinIO Java client: docs/adr/0013-two-s3-clients.md. */
@NullMarked
package dev.isthmus.blocktranslation.store.minio;

import org.jspecify.annotations.NullMarked;
