//! Receives the body of a request and checks it against the checksums that the client sent.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{Checksum, ChecksumAlgorithm, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};

use super::store::{BodyStore, StoredBody};
use crate::aws::digest::{base64, from_base64, hex};

/// The algorithms of `x-amz-checksum-algorithm`.
const ALGORITHMS: [&str; 5] = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

/// The checksums that a client sends with a body.
pub(super) struct ClaimedChecksums {
    pub(super) md5: Option<String>,
    pub(super) checksum: Checksum,
    pub(super) algorithm: Option<ChecksumAlgorithm>,
    pub(super) trailers: Option<TrailingHeaders>,
}

/// A body that has the claimed checksums.
pub(super) struct CheckedBody {
    pub(super) body: StoredBody,
    pub(super) e_tag: String,
    pub(super) checksum: Checksum,
}

/// Takes the checksums out of a request.
macro_rules! claimed_checksums {
    ($request:ident) => {
        $crate::s3::checksums::ClaimedChecksums {
            md5: $request.input.content_md5.take(),
            checksum: s3s::dto::Checksum {
                checksum_crc32: $request.input.checksum_crc32.take(),
                checksum_crc32c: $request.input.checksum_crc32c.take(),
                checksum_crc64nvme: $request.input.checksum_crc64nvme.take(),
                checksum_sha1: $request.input.checksum_sha1.take(),
                checksum_sha256: $request.input.checksum_sha256.take(),
                ..s3s::dto::Checksum::default()
            },
            algorithm: $request.input.checksum_algorithm.take(),
            trailers: $request.trailing_headers.take(),
        }
    };
}
pub(super) use claimed_checksums;

/// Makes a response of this type with an entity tag and the checksums of a body.
macro_rules! output_with_checksums {
    ($output:ident, $checked:ident) => {
        $output {
            e_tag: Some(s3s::dto::ETag::Strong($checked.e_tag)),
            checksum_crc32: $checked.checksum.checksum_crc32,
            checksum_crc32c: $checked.checksum.checksum_crc32c,
            checksum_crc64nvme: $checked.checksum.checksum_crc64nvme,
            checksum_sha1: $checked.checksum.checksum_sha1,
            checksum_sha256: $checked.checksum.checksum_sha256,
            ..$output::default()
        }
    };
}
pub(super) use output_with_checksums;

impl ClaimedChecksums {
    /// Stores a body if it has the claimed checksums.
    pub(super) async fn receive(
        &self,
        bodies: &BodyStore,
        body: Option<StreamingBlob>,
    ) -> S3Result<CheckedBody> {
        let is_md5 = |claim: &String| from_base64(claim).is_some_and(|md5| md5.len() == 16);
        if !self.md5.as_ref().is_none_or(is_md5) {
            return Err(s3_error!(
                InvalidDigest,
                "The Content-MD5 you specified was invalid."
            ));
        }

        let mut hasher = self.hasher()?;
        let mut md5 = Md5::new();
        let mut hash = |bytes: &[u8]| {
            md5.update(bytes);
            hasher.update(bytes);
        };

        let body = match body {
            Some(body) => bodies.write(body, &mut hash).await?,
            None => {
                let empty = futures_util::stream::empty::<std::io::Result<_>>();
                bodies.write(empty, &mut hash).await?
            }
        };

        let (md5, checksum) = (md5.finalize(), hasher.finalize());

        if let Err(error) = self.verify(md5.as_ref(), &checksum) {
            bodies.discard(&body);
            return Err(error);
        }

        Ok(CheckedBody {
            body,
            e_tag: hex(md5.as_ref()),
            checksum,
        })
    }

    /// A hasher for the checksums that the client sends or asks for.
    fn hasher(&self) -> S3Result<ChecksumHasher> {
        let asked = self.algorithm.as_ref().map(ChecksumAlgorithm::as_str);
        if asked.is_some_and(|asked| !ALGORITHMS.contains(&asked)) {
            return Err(s3_error!(
                InvalidRequest,
                "the checksum algorithm is not supported"
            ));
        }

        let claims = &self.checksum;
        let needs = |claim: &Option<String>, algorithm| claim.is_some() || asked == Some(algorithm);

        Ok(ChecksumHasher {
            crc32: needs(&claims.checksum_crc32, "CRC32").then(Default::default),
            crc32c: needs(&claims.checksum_crc32c, "CRC32C").then(Default::default),
            crc64nvme: needs(&claims.checksum_crc64nvme, "CRC64NVME").then(Default::default),
            sha1: needs(&claims.checksum_sha1, "SHA1").then(Default::default),
            sha256: needs(&claims.checksum_sha256, "SHA256").then(Default::default),
        })
    }

    /// Compares the checksums of the body with the claimed ones.
    fn verify(&self, md5: &[u8], checksum: &Checksum) -> S3Result<()> {
        let claimed_md5 = self.md5.as_ref();
        if claimed_md5.is_some_and(|claim| *claim != base64(md5)) {
            return Err(s3_error!(
                BadDigest,
                "the body does not match its `Content-MD5`"
            ));
        }

        let trailers = self
            .trailers
            .as_ref()
            .and_then(TrailingHeaders::take)
            .unwrap_or_default();

        for ((name, claim), (_, actual)) in by_header(&self.checksum)
            .into_iter()
            .zip(by_header(checksum))
        {
            let trailer = trailers.get(name).and_then(|value| value.to_str().ok());
            let claim = claim.or(trailer);

            if let (Some(claim), Some(actual)) = (claim, actual)
                && claim != actual
            {
                return Err(s3_error!(BadDigest, "the body does not match its `{name}`"));
            }
        }

        Ok(())
    }
}

/// Each checksum with the name of its header.
fn by_header(checksum: &Checksum) -> [(&'static str, Option<&str>); 5] {
    [
        ("x-amz-checksum-crc32", checksum.checksum_crc32.as_deref()),
        ("x-amz-checksum-crc32c", checksum.checksum_crc32c.as_deref()),
        (
            "x-amz-checksum-crc64nvme",
            checksum.checksum_crc64nvme.as_deref(),
        ),
        ("x-amz-checksum-sha1", checksum.checksum_sha1.as_deref()),
        ("x-amz-checksum-sha256", checksum.checksum_sha256.as_deref()),
    ]
}
