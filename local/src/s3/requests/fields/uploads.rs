//! Multipart uploads.

use super::fields;

fields! {
    CreateMultipartUploadInput {
        done: bucket cache_control checksum_algorithm checksum_type content_disposition
            content_encoding content_language content_type expires key metadata storage_class
            tagging website_redirect_location;
        payer: request_payer;
        own_account: expected_bucket_owner;
        acl: acl;
        grant: grant_full_control grant_read grant_read_acp grant_write_acp;
        encryption: server_side_encryption;
        bucket_key: bucket_key_enabled;
        kms: ssekms_encryption_context ssekms_key_id;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
        lock: object_lock_legal_hold_status object_lock_mode object_lock_retain_until_date;
    }

    UploadPartInput {
        done: body bucket checksum_algorithm checksum_crc32 checksum_crc32c checksum_crc64nvme
            checksum_sha1 checksum_sha256 content_md5 key part_number upload_id;
        length_of_body: content_length;
        payer: request_payer;
        own_account: expected_bucket_owner;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
    }

    UploadPartCopyInput {
        done: bucket copy_source copy_source_if_match copy_source_if_modified_since
            copy_source_if_none_match copy_source_if_unmodified_since copy_source_range key
            part_number upload_id;
        payer: request_payer;
        own_account: expected_bucket_owner expected_source_bucket_owner;
        customer_key: copy_source_sse_customer_algorithm copy_source_sse_customer_key
            copy_source_sse_customer_key_md5 sse_customer_algorithm sse_customer_key
            sse_customer_key_md5;
    }

    CompleteMultipartUploadInput {
        done: bucket checksum_crc32 checksum_crc32c checksum_crc64nvme checksum_sha1
            checksum_sha256 checksum_type if_match if_none_match key mpu_object_size
            multipart_upload upload_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
    }

    AbortMultipartUploadInput {
        done: bucket key upload_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        directory_bucket: if_match_initiated_time;
    }

    ListPartsInput {
        done: bucket key upload_id;
        payer: request_payer;
        own_account: expected_bucket_owner;
        customer_key: sse_customer_algorithm sse_customer_key sse_customer_key_md5;
        page: max_parts part_number_marker;
    }

    ListMultipartUploadsInput {
        done: bucket delimiter key_marker prefix upload_id_marker;
        payer: request_payer;
        own_account: expected_bucket_owner;
        encoding: encoding_type;
        page: max_uploads;
    }
}
