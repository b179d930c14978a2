package dev.isthmus.blocktranslation.store.s3;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * A profile of files that may change: one provider of the SDK for each content. The SDK's own
 * reloading goes back to the older keys in silence where the new content has none.
 *
 * <p>Threading: thread-safe; which provider is in use is guarded by this, looking up is not.
 */
final class ReloadedProfile implements AwsCredentialsProvider, SdkAutoCloseable {

  private final WatchedProfileFile files;
  private final @Nullable String profile;
  private @Nullable ProfileFile content;
  private @Nullable ProfileCredentialsProvider provider;

  /** The keys of {@code profile}; of the default one if it is null. */
  ReloadedProfile(WatchedProfileFile files, @Nullable String profile) {
    this.files = files;
    this.profile = profile;
  }

  @Override
  public AwsCredentials resolveCredentials() {
    return current().resolveCredentials();
  }

  private synchronized ProfileCredentialsProvider current() {
    ProfileFile newest = files.get();
    ProfileCredentialsProvider inUse = provider;
    if (inUse != null && newest.equals(content)) {
      return inUse;
    }
    close();
    var builder = ProfileCredentialsProvider.builder().profileFile(newest);
    if (profile != null) {
      builder.profileName(profile);
    }
    ProfileCredentialsProvider built = builder.build();
    content = newest;
    provider = built;
    return built;
  }

  @Override
  public synchronized void close() {
    if (provider != null) {
      provider.close();
    }
  }
}
