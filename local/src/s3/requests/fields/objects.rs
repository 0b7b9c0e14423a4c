//! Objects: put, copied, read, tagged, deleted and listed.

use super::fields;

fields! {
    PutObjectInput {
        done: body bucket cache_control checksum_algorithm checksum_crc32 checksum_crc32c
            checksum_crc64nvme checksum_sha1 checksum_sha256 content_disposition content_encoding
            content_language content_md5 content_type expires if_match if_none_match key metadata
            storage_class tagging website_redirect_location;
        length_of_body: content_length;
        payer: request_payer;
        own_account: expected_bucket_owner;
        acl: acl;
        grant: grant_full_control grant_read grant_read_acp grant_write_acp;
        encryption: server_side_encryption;
        bucket_key: bucket_key_enabled;
        kms: ssekms_encryption_context ssekms_key_id;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
        lock: object_lock_legal_hold_status object_lock_mode object_lock_retain_until_date;
        directory_bucket: write_offset_bytes;
    }

    CopyObjectInput {
        done: bucket cache_control checksum_algorithm content_disposition content_encoding
            content_language content_type copy_source copy_source_if_match
            copy_source_if_modified_since copy_source_if_none_match copy_source_if_unmodified_since
            expires key metadata storage_class tagging website_redirect_location;
        payer: request_payer;
        own_account: expected_bucket_owner expected_source_bucket_owner;
        acl: acl;
        grant: grant_full_control grant_read grant_read_acp grant_write_acp;
        encryption: server_side_encryption;
        bucket_key: bucket_key_enabled;
        kms: ssekms_encryption_context ssekms_key_id;
        customer_key: copy_source_sse_customer_algorithm copy_source_sse_customer_key
            copy_source_sse_customer_key_md5 sse_customer_algorithm sse_customer_key
            sse_customer_key_md5;
        lock: object_lock_legal_hold_status object_lock_mode object_lock_retain_until_date;
        metadata: metadata_directive;
        tagging: tagging_directive;
    }

    GetObjectInput {
        done: bucket if_match if_modified_since if_none_match if_unmodified_since key part_number
            range response_cache_control response_content_disposition response_content_encoding
            response_content_language response_content_type response_expires version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
        checksum_mode: checksum_mode;
    }

    HeadObjectInput {
        done: bucket if_match if_modified_since if_none_match if_unmodified_since key part_number
            range response_cache_control response_content_disposition response_content_encoding
            response_content_language response_content_type response_expires version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
        checksum_mode: checksum_mode;
    }

    GetObjectAttributesInput {
        done: bucket key object_attributes version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
        page: max_parts part_number_marker;
    }

    DeleteObjectInput {
        done: bucket if_match if_match_last_modified_time if_match_size key version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        bypass: bypass_governance_retention;
        mfa: mfa;
    }

    DeleteObjectsInput {
        done: bucket delete;
        payer: request_payer;
        xml_digest: checksum_algorithm;
        own_account: expected_bucket_owner;
        bypass: bypass_governance_retention;
        mfa: mfa;
    }

    PutObjectTaggingInput {
        done: bucket key tagging version_id;
        payer: request_payer;
        xml_digest: checksum_algorithm content_md5;
        own_account: expected_bucket_owner;
    }

    GetObjectTaggingInput {
        done: bucket key version_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
    }

    DeleteObjectTaggingInput {
        done: bucket key version_id;
        own_account: expected_bucket_owner;
    }

    ListObjectsInput {
        done: bucket delimiter marker prefix;
        payer: request_payer;
        own_account: expected_bucket_owner;
        encoding: encoding_type;
        page: max_keys;
        optional_attributes: optional_object_attributes;
    }

    ListObjectsV2Input {
        done: bucket continuation_token delimiter fetch_owner prefix start_after;
        payer: request_payer;
        own_account: expected_bucket_owner;
        encoding: encoding_type;
        page: max_keys;
        optional_attributes: optional_object_attributes;
    }

    ListObjectVersionsInput {
        done: bucket delimiter key_marker prefix version_id_marker;
        payer: request_payer;
        own_account: expected_bucket_owner;
        encoding: encoding_type;
        page: max_keys;
        optional_attributes: optional_object_attributes;
    }
}
