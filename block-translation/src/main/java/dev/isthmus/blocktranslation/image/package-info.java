/**
 * Disks as images: files and block devices that a volume is written to, read from, compared with.
 */
@NullMarked
package dev.isthmus.blocktranslation.image;

import org.jspecify.annotations.NullMarked;
