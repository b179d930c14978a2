package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where credentials are found; never the credentials. Immutable.
 *
 * @param file in the format of {@code ~/.aws/credentials}; null for the SDK's default chain
 * @param profile of that file, or of the user's own files; null for the default
 * @param role that is assumed with what was found; null to use that itself
 */
public record CredentialSource(
    @Nullable Path file, @Nullable String profile, @Nullable AssumedRole role) {

  private static final Pattern PROFILE = Pattern.compile("[A-Za-z0-9_.@+:/ -]{1,128}");

  /** The SDK's default chain: environment, web identity, profiles, container, instance. */
  public static final CredentialSource DEFAULT = new CredentialSource(null, null, null);

  /**
   * A role of AWS IAM, or of a server that speaks STS.
   *
   * @param arn its name
   * @param externalId what the role's owner agreed on with us, so that nobody else makes us use it
   */
  public record AssumedRole(String arn, @Nullable String externalId) {

    private static final Pattern ARN =
        Pattern.compile(
            "arn:[a-z0-9-]{1,30}:iam:[a-z0-9-]{0,40}:[A-Za-z0-9-]{0,64}:[\\x21-\\x7e]{1,512}");

    /** As STS has it. */
    private static final Pattern EXTERNAL_ID = Pattern.compile("[\\w+=,.@:/-]{2,1224}");

    public AssumedRole {
      if (!ARN.matcher(arn).matches()) {
        throw new StoreException.Invalid("role_arn= is a role as arn:aws:iam::ACCOUNT:role/NAME");
      }
      if (externalId != null && !EXTERNAL_ID.matcher(externalId).matches()) {
        throw new StoreException.Invalid(
            "external_id= has 2 to 1224 of letters, digits and _ + = , . @ : / -");
      }
    }
  }

  public CredentialSource {
    if (file != null && !file.isAbsolute()) {
      throw new StoreException.Invalid("credentials_file= is an absolute path");
    }
    if (profile != null && !PROFILE.matcher(profile).matches()) {
      throw new StoreException.Invalid("profile= is not the name of a profile");
    }
  }

  /** The default profile of a file. */
  public static CredentialSource ofFile(Path file) {
    return new CredentialSource(file, null, null);
  }
}
