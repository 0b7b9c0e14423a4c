//! Settings that have their defaults, and access control.

use super::fields;

fields! {
    GetBucketAclInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    PutBucketAclInput {
        done: acl access_control_policy bucket grant_full_control grant_read grant_read_acp
            grant_write grant_write_acp;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    GetObjectAclInput {
        done: bucket key version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
    }

    PutObjectAclInput {
        done: acl access_control_policy bucket grant_full_control grant_read grant_read_acp
            grant_write grant_write_acp key version_id;
        payer: request_payer;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    GetBucketPolicyInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketPolicyStatusInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketOwnershipControlsInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetPublicAccessBlockInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketEncryptionInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketRequestPaymentInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketCorsInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketLifecycleConfigurationInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketTaggingInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketWebsiteInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketReplicationInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetObjectLockConfigurationInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketLoggingInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketAccelerateConfigurationInput {
        done: bucket;
        payer: request_payer;
        own_account: expected_bucket_owner;
    }
}
