//! The client of S3 for a bucket, and the region of the bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;

use crate::cli::environment::clients::settings;

/// The client of a bucket.
pub(in crate::cli) struct BucketClient {
    pub(in crate::cli) client: Client,
    /// That of the bucket. `None` if S3 does not say it.
    pub(in crate::cli) region: Option<String>,
}

impl BucketClient {
    /// Asks S3 for the region of a bucket, and makes a client for it.
    ///
    /// A bucket that cannot be asked is not an error here: what uses the client says what is wrong,
    /// and a list of keys may need no right to the bucket.
    pub(in crate::cli) async fn of(bucket: &str) -> Self {
        let client = Client::new(&settings(None).await);
        let region = match client.head_bucket().bucket(bucket).send().await {
            Ok(head) => head.bucket_region,
            // S3 answers so for a bucket in another region ("HeadBucket", Amazon S3 API
            // Reference, 2026).
            Err(SdkError::ServiceError(answer)) => {
                let header = answer.raw().headers().get("x-amz-bucket-region");
                header.map(str::to_owned)
            }
            Err(_) => None,
        };

        let own = client.config().region().map(ToString::to_string);
        let client = if region.is_some() && region != own {
            Client::new(&settings(region.clone()).await)
        } else {
            client
        };

        Self { client, region }
    }
}
