package dev.isthmus.blocktranslation.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import org.junit.jupiter.api.Test;

/** What the policy says; that it is enough and no more than enough a real server shows. */
class LeastPolicyTest {

  private static String policy(String uri, boolean isVolume, boolean withSettings) {
    return LeastPolicy.json(BucketCheck.place(StorageUri.parse(uri), isVolume), withSettings);
  }

  @Test
  void ofARoot() {
    assertEquals(
        """
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "IsthmusList",
              "Effect": "Allow",
              "Action": ["s3:ListBucket"],
              "Resource": ["arn:aws:s3:::my-bucket"],
              "Condition": {"StringLike": {"s3:prefix": ["team/disks/*", "team/manifest"]}}
            },
            {
              "Sid": "IsthmusObjects",
              "Effect": "Allow",
              "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
              "Resource": ["arn:aws:s3:::my-bucket/team/disks/*"]
            }
          ]
        }\
        """,
        policy("s3://my-bucket/team/disks", false, false));
  }

  @Test
  void ofAWholeBucketThereIsNoPrefix() {
    String policy = policy("s3://my-bucket", false, true);
    assertTrue(!policy.contains("Condition"), policy);
    assertTrue(policy.contains("\"arn:aws:s3:::my-bucket/*\""), policy);
    assertTrue(policy.contains("\"s3:GetLifecycleConfiguration\""), policy);
  }

  @Test
  void ofOneVolumeItIsForThatAndTheCheckBesideIt() {
    String policy = policy("s3://my-bucket/disks/db", true, false);
    assertTrue(
        policy.contains("[\"disks/db/*\", \"disks/.isthmus-check/*\", \"disks/manifest\"]"),
        policy);
    assertTrue(policy.contains("\"arn:aws:s3:::my-bucket/disks/db/*\""), policy);
  }

  @Test
  void aDirectoryHasNone() {
    assertThrows(
        DeviceException.Invalid.class, () -> policy("bucket+file:///srv/bucket", false, false));
  }
}
