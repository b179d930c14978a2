package dev.isthmus.targets.nvme;

/** The kinds of commands that statistics tell apart. */
public enum NvmeOperation {
  READ,
  WRITE,
  FLUSH,
  WRITE_ZEROES,
  DEALLOCATE,
  COMPARE,
  VERIFY,
  ADMIN
}
