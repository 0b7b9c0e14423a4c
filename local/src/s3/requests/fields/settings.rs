//! Settings of buckets, and settings that no bucket has.

use super::fields;

fields! {
    PutBucketCorsInput {
        done: bucket cors_configuration;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    DeleteBucketCorsInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    PutBucketTaggingInput {
        done: bucket tagging;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    DeleteBucketTaggingInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    PutBucketOwnershipControlsInput {
        done: bucket ownership_controls;
        xml_digest: content_md5;
        own_account: expected_bucket_owner;
    }

    PutPublicAccessBlockInput {
        done: bucket public_access_block_configuration;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    PutBucketEncryptionInput {
        done: bucket server_side_encryption_configuration;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    PutBucketRequestPaymentInput {
        done: bucket request_payment_configuration;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    DeleteBucketPolicyInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    DeleteBucketLifecycleInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    DeleteBucketWebsiteInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    DeleteBucketReplicationInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    DeleteBucketEncryptionInput {
        done: bucket;
        own_account: expected_bucket_owner;
    }

    GetBucketAnalyticsConfigurationInput {
        done: bucket id;
        own_account: expected_bucket_owner;
    }

    DeleteBucketAnalyticsConfigurationInput {
        done: bucket id;
        own_account: expected_bucket_owner;
    }

    GetBucketIntelligentTieringConfigurationInput {
        done: bucket id;
    }

    DeleteBucketIntelligentTieringConfigurationInput {
        done: bucket id;
    }

    GetBucketInventoryConfigurationInput {
        done: bucket id;
        own_account: expected_bucket_owner;
    }

    DeleteBucketInventoryConfigurationInput {
        done: bucket id;
        own_account: expected_bucket_owner;
    }

    GetBucketMetricsConfigurationInput {
        done: bucket id;
        own_account: expected_bucket_owner;
    }

    DeleteBucketMetricsConfigurationInput {
        done: bucket id;
        own_account: expected_bucket_owner;
    }

    ListBucketAnalyticsConfigurationsInput {
        done: bucket continuation_token;
        own_account: expected_bucket_owner;
    }

    ListBucketIntelligentTieringConfigurationsInput {
        done: bucket continuation_token;
    }

    ListBucketInventoryConfigurationsInput {
        done: bucket continuation_token;
        own_account: expected_bucket_owner;
    }

    ListBucketMetricsConfigurationsInput {
        done: bucket continuation_token;
        own_account: expected_bucket_owner;
    }

    GetObjectRetentionInput {
        done: bucket key version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
    }

    GetObjectLegalHoldInput {
        done: bucket key version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
    }
}
