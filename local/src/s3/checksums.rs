//! The bytes that a client sends, and what it says of them.

use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{Checksum, ChecksumAlgorithm, StreamingBlob};
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::s3::listings as listing;
use crate::s3::store::bodies::{BodyStore, Content};
use crate::s3::store::hex;

/// What a client says of the bytes that it sends.
pub(crate) struct Claims {
    pub(crate) md5: Option<String>,
    pub(crate) checksum: Checksum,
    pub(crate) algorithm: Option<ChecksumAlgorithm>,
    pub(crate) trailers: Option<TrailingHeaders>,
}

/// Bytes that were received, and are what the client claims.
pub(crate) struct Received {
    pub(crate) content: Content,
    pub(crate) e_tag: String,
    pub(crate) checksum: Checksum,
}

impl Claims {
    /// Writes the bytes down, if they are what the client says.
    pub(crate) async fn receive(
        &self,
        bodies: &BodyStore,
        body: Option<StreamingBlob>,
    ) -> S3Result<Received> {
        let mut hasher = self.hasher()?;
        let mut md5 = Md5::new();
        let mut seen = |bytes: &[u8]| {
            md5.update(bytes);
            hasher.update(bytes);
        };

        let content = match body {
            Some(body) => bodies.write(body, &mut seen).await?,
            None => {
                bodies
                    .write(
                        futures_util::stream::empty::<std::io::Result<_>>(),
                        &mut seen,
                    )
                    .await?
            }
        };

        let (md5, checksum) = (md5.finalize(), hasher.finalize());

        match self.verify(md5.as_ref(), &checksum) {
            Ok(()) => Ok(Received {
                content,
                e_tag: hex(md5.as_ref()),
                checksum,
            }),
            Err(error) => {
                bodies.discard(&content);
                Err(error)
            }
        }
    }

    /// Which checksums are to be made of a body.
    fn hasher(&self) -> S3Result<ChecksumHasher> {
        let Self {
            checksum,
            algorithm,
            ..
        } = self;

        let asked = algorithm.as_ref().map(ChecksumAlgorithm::as_str);
        let known = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];

        if asked.is_some_and(|asked| !known.contains(&asked)) {
            return Err(s3_error!(
                InvalidRequest,
                "the checksum's algorithm is not known"
            ));
        }

        let is = |claim: &Option<String>, name| claim.is_some() || asked == Some(name);
        Ok(ChecksumHasher {
            crc32: is(&checksum.checksum_crc32, "CRC32").then(Default::default),
            crc32c: is(&checksum.checksum_crc32c, "CRC32C").then(Default::default),
            crc64nvme: is(&checksum.checksum_crc64nvme, "CRC64NVME").then(Default::default),
            sha1: is(&checksum.checksum_sha1, "SHA1").then(Default::default),
            sha256: is(&checksum.checksum_sha256, "SHA256").then(Default::default),
        })
    }

    /// Whether the bytes are those that the client has sent.
    fn verify(&self, md5: &[u8], checksum: &Checksum) -> S3Result<()> {
        if self
            .md5
            .as_ref()
            .is_some_and(|claim| *claim != listing::base64(md5))
        {
            return Err(s3_error!(
                BadDigest,
                "the body is not that of its `Content-MD5`"
            ));
        }

        let trailers = self
            .trailers
            .as_ref()
            .and_then(TrailingHeaders::take)
            .unwrap_or_default();

        let made = [
            (
                "x-amz-checksum-crc32",
                &self.checksum.checksum_crc32,
                &checksum.checksum_crc32,
            ),
            (
                "x-amz-checksum-crc32c",
                &self.checksum.checksum_crc32c,
                &checksum.checksum_crc32c,
            ),
            (
                "x-amz-checksum-crc64nvme",
                &self.checksum.checksum_crc64nvme,
                &checksum.checksum_crc64nvme,
            ),
            (
                "x-amz-checksum-sha1",
                &self.checksum.checksum_sha1,
                &checksum.checksum_sha1,
            ),
            (
                "x-amz-checksum-sha256",
                &self.checksum.checksum_sha256,
                &checksum.checksum_sha256,
            ),
        ];

        for (name, claim, made) in made {
            let trailer = trailers.get(name).and_then(|value| value.to_str().ok());
            let claim = claim.as_deref().or(trailer);

            if let (Some(claim), Some(made)) = (claim, made)
                && claim != made
            {
                return Err(s3_error!(BadDigest, "the body is not that of its `{name}`"));
            }
        }

        Ok(())
    }
}
