//! Receives the body of a request and checks it against the checksums that the client sent.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{Checksum, ChecksumAlgorithm, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::aws::digest::{base64, from_base64, hex};
use crate::s3::store::{BodyStore, ChecksumKind, StoredBody};

/// The checksums that a client sends with a body.
pub(in crate::s3) struct ClaimedChecksums {
    pub(in crate::s3) md5: Option<String>,
    pub(in crate::s3) checksum: Checksum,
    pub(in crate::s3) algorithm: Option<ChecksumAlgorithm>,
    pub(in crate::s3) trailers: Option<TrailingHeaders>,
}

/// A body that has the claimed checksums.
pub(in crate::s3) struct CheckedBody {
    pub(in crate::s3) body: StoredBody,
    pub(in crate::s3) e_tag: String,
    pub(in crate::s3) checksum: Checksum,
}

/// Takes the checksums out of a request.
macro_rules! claimed_checksums {
    ($request:ident) => {
        $crate::s3::requests::checksums::ClaimedChecksums {
            // An empty header is no digest, but `s3s` leaves it out.
            md5: $request.input.content_md5.take().or_else(|| {
                let header = $request.headers.get("content-md5");
                header.map(|_| String::new())
            }),
            checksum: {
                let input = &mut $request.input;
                $crate::s3::requests::checksums::named_checksums!(input)
            },
            algorithm: $request.input.checksum_algorithm.take(),
            trailers: $request.trailing_headers.take(),
        }
    };
}
pub(in crate::s3) use claimed_checksums;

/// Takes the checksums out of the description of a part or of an object.
macro_rules! named_checksums {
    ($input:ident) => {
        s3s::dto::Checksum {
            checksum_crc32: $input.checksum_crc32.take(),
            checksum_crc32c: $input.checksum_crc32c.take(),
            checksum_crc64nvme: $input.checksum_crc64nvme.take(),
            checksum_sha1: $input.checksum_sha1.take(),
            checksum_sha256: $input.checksum_sha256.take(),
            ..s3s::dto::Checksum::default()
        }
    };
}
pub(in crate::s3) use named_checksums;

/// Makes a value of this type, a part of a response, with checksums.
macro_rules! with_checksums {
    ($output:ident, $checksum:expr) => {{
        let checksum: s3s::dto::Checksum = $checksum;
        $output {
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..$output::default()
        }
    }};
}
pub(in crate::s3) use with_checksums;

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
pub(in crate::s3) use output_with_checksums;

impl ClaimedChecksums {
    /// Stores a body if it has the claimed checksums.
    pub(in crate::s3) async fn receive(
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
        let asked = asked.map(ChecksumKind::parse).transpose()?;
        let is_needed =
            |kind: ChecksumKind| kind.value(&self.checksum).is_some() || asked == Some(kind);

        Ok(ChecksumKind::hasher(is_needed))
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
