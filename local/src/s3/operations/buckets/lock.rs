//! What S3 answers about the locks of objects in a bucket without object lock.

use s3s::dto::{
    GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectRetentionInput,
    GetObjectRetentionOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::s3::service::S3Service;

macro_rules! without_lock {
    ($($operation:ident($input:ident) => $output:ident;)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Err(s3_error!(
                InvalidRequest,
                "Bucket is missing Object Lock Configuration"
            ))
        }
    )*};
}

without_lock! {
    get_object_retention(GetObjectRetentionInput) => GetObjectRetentionOutput;
    get_object_legal_hold(GetObjectLegalHoldInput) => GetObjectLegalHoldOutput;
}
