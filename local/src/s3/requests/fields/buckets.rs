//! Buckets, and the settings that the pipeline has.

use super::fields;

fields! {
    CreateBucketInput {
        done: bucket;
        bucket_acl: acl;
        bucket_grant: grant_full_control grant_read grant_read_acp grant_write grant_write_acp;
        ownership: object_ownership;
        place: create_bucket_configuration;
        lock_of_bucket: object_lock_enabled_for_bucket;
    }

    DeleteBucketInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    ListBucketsInput {
        done: bucket_region continuation_token max_buckets prefix;
    }

    HeadBucketInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketLocationInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    PutBucketVersioningInput {
        done: bucket versioning_configuration;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
        mfa: mfa;
    }

    GetBucketVersioningInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketNotificationConfigurationInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    PutBucketNotificationConfigurationInput {
        done: bucket notification_configuration skip_destination_validation;
        own_account: expected_bucket_owner;
    }
}
