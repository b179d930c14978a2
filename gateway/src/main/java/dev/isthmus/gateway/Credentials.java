package dev.isthmus.gateway;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.config.GatewaySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the AWS SDK looks for credentials. They are never settings themselves: a file or a profile
 * is named, and the SDK reads it.
 */
final class Credentials {

  private static final Logger LOG = LoggerFactory.getLogger(Credentials.class);

  private Credentials() {}

  /** The SDK's own way to be told: its system properties, set before its first client is made. */
  static void apply(GatewaySettings settings) {
    Path file = settings.s3CredentialsFile();
    if (file != null) {
      if (!Files.isReadable(file)) {
        throw new DeviceException.Invalid("cannot read the S3 credentials file " + file);
      }
      warnIfOpenToOthers(file);
      System.setProperty("aws.sharedCredentialsFile", file.toString());
    }
    String profile = settings.s3Profile();
    if (profile != null) {
      System.setProperty("aws.profile", profile);
    }
  }

  private static void warnIfOpenToOthers(Path file) {
    try {
      if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
        LOG.warn("everyone on this machine can read the S3 credentials in {}: chmod 600 it", file);
      }
    } catch (IOException e) {
      LOG.warn("cannot tell who may read {}: {}", file, e.toString());
    }
  }
}
