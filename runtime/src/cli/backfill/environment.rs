//! What a backfill takes from its surroundings: the client of S3, the region of the bucket, and how
//! long a list is.

use std::fs::File;
use std::io::{BufReader, Read};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;

use crate::cli::catch_up::objects::Origin;
use crate::cli::environment::clients::settings;

/// The client of a bucket.
pub(in crate::cli) struct Environment {
    pub(in crate::cli) client: Client,
    /// That of the bucket. `None` if S3 does not say it.
    pub(in crate::cli) region: Option<String>,
}

impl Environment {
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

/// How many lines the file of a list has. `None` if it is no file.
pub(super) fn count_lines(origin: &Origin) -> Option<u64> {
    let file = match origin {
        Origin::Keys(file) | Origin::Manifest(file) => file,
        _ => return None,
    };

    let metadata = std::fs::metadata(file).ok()?;
    if !metadata.is_file() {
        return None;
    }

    let mut input = BufReader::new(File::open(file).ok()?);
    let (mut lines, mut part, mut last) = (0, vec![0; 64 * 1024], b'\n');
    loop {
        let read = input.read(&mut part).ok()?;
        if read == 0 {
            break;
        }
        lines += part[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
        last = part[read - 1];
    }

    Some(lines + u64::from(last != b'\n'))
}
