//! The S3 operations that the endpoint supports, and where each one is implemented.

use async_trait::async_trait;
use s3s::{S3, S3Request, S3Response, S3Result, dto};

use super::service::S3Service;
use super::{listings, objects, uploads};

macro_rules! operations {
    ($($module:ident::$operation:ident: $input:ident => $output:ident;)*) => {
        #[async_trait]
        impl S3 for S3Service {$(
            async fn $operation(
                &self,
                request: S3Request<dto::$input>,
            ) -> S3Result<S3Response<dto::$output>> {
                $module::$operation(self, request).await
            }
        )*}
    };
}

operations! {
    objects::put_object: PutObjectInput => PutObjectOutput;
    objects::post_object: PostObjectInput => PostObjectOutput;
    objects::copy_object: CopyObjectInput => CopyObjectOutput;
    objects::get_object: GetObjectInput => GetObjectOutput;
    objects::head_object: HeadObjectInput => HeadObjectOutput;
    objects::delete_object: DeleteObjectInput => DeleteObjectOutput;
    objects::delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    objects::put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput;
    objects::get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput;
    objects::delete_object_tagging: DeleteObjectTaggingInput => DeleteObjectTaggingOutput;
    uploads::create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    uploads::upload_part: UploadPartInput => UploadPartOutput;
    uploads::upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
    uploads::complete_multipart_upload:
        CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    uploads::abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
    listings::list_parts: ListPartsInput => ListPartsOutput;
    listings::list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput;
    listings::list_objects: ListObjectsInput => ListObjectsOutput;
    listings::list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    listings::list_buckets: ListBucketsInput => ListBucketsOutput;
    listings::head_bucket: HeadBucketInput => HeadBucketOutput;
    listings::get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
}
