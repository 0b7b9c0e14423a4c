//! Finds the bucket in the name of the host ("Virtual hosting of general purpose buckets", Amazon
//! S3 User Guide, 2026).

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};
use s3s::path::check_bucket_name;

/// The hosts of buckets: `photos.localhost:9090`.
pub(in crate::s3) struct VirtualHosts;

impl S3Host for VirtualHosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let domain = VirtualHost::new(host);

        Ok(match named_bucket(host) {
            Some(bucket) => domain.with_bucket(bucket),
            None => domain,
        })
    }
}

/// The bucket that a `Host` header names. `None` if the path names it: the host is an address, or
/// what stands before `.localhost` cannot be a bucket, as in `s3.localhost`.
pub(in crate::s3) fn named_bucket(host: &str) -> Option<String> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.to_ascii_lowercase();
    let bucket = name.strip_suffix(".localhost")?;

    check_bucket_name(bucket).then(|| bucket.to_owned())
}
