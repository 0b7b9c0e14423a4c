//! The kinds of checksums.

use crc_fast::CrcAlgorithm;
use s3s::checksum::ChecksumHasher;
use s3s::dto::Checksum;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

/// The algorithms of S3 that the pipeline does not have ("PutObject", Amazon S3 API Reference,
/// 2026).
const OTHER_ALGORITHMS: [&str; 5] = ["MD5", "SHA512", "XXHASH3", "XXHASH64", "XXHASH128"];

/// A kind of checksum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::s3) enum ChecksumKind {
    Crc32,
    Crc32c,
    /// What S3 computes of an object without another checksum.
    #[default]
    Crc64nvme,
    Sha1,
    Sha256,
}

impl ChecksumKind {
    pub(in crate::s3) const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The kind with this name in `x-amz-checksum-algorithm`.
    pub(in crate::s3) fn parse(name: &str) -> S3Result<Self> {
        let mut kinds = Self::ALL.into_iter();
        let kind = kinds.find(|kind| kind.name() == name);

        kind.ok_or_else(|| match OTHER_ALGORITHMS.contains(&name) {
            true => s3_error!(
                NotImplemented,
                "the pipeline has no {name}; use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256"
            ),
            false => s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the \
                 valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
            ),
        })
    }

    /// The header with a checksum of this kind.
    pub(in crate::s3) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The length in bytes.
    pub(in crate::s3) fn width(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    pub(in crate::s3) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The value of this kind among the checksums of a request or a body.
    pub(in crate::s3) fn value(self, checksum: &Checksum) -> Option<&str> {
        let value = match self {
            Self::Crc32 => &checksum.checksum_crc32,
            Self::Crc32c => &checksum.checksum_crc32c,
            Self::Crc64nvme => &checksum.checksum_crc64nvme,
            Self::Sha1 => &checksum.checksum_sha1,
            Self::Sha256 => &checksum.checksum_sha256,
        };

        value.as_deref()
    }

    /// Checksums with only this value.
    pub(in crate::s3) fn with_value(self, value: &str) -> Checksum {
        let value = |kind| (self == kind).then(|| value.to_owned());

        Checksum {
            checksum_crc32: value(Self::Crc32),
            checksum_crc32c: value(Self::Crc32c),
            checksum_crc64nvme: value(Self::Crc64nvme),
            checksum_sha1: value(Self::Sha1),
            checksum_sha256: value(Self::Sha256),
            checksum_type: None,
        }
    }

    /// A hasher for these kinds.
    pub(in crate::s3) fn hasher(is_needed: impl Fn(Self) -> bool) -> ChecksumHasher {
        ChecksumHasher {
            crc32: is_needed(Self::Crc32).then(Default::default),
            crc32c: is_needed(Self::Crc32c).then(Default::default),
            crc64nvme: is_needed(Self::Crc64nvme).then(Default::default),
            sha1: is_needed(Self::Sha1).then(Default::default),
            sha256: is_needed(Self::Sha256).then(Default::default),
        }
    }

    /// The algorithm that can combine the checksums of parts; `None` if there is no such way.
    pub(super) fn combinable(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}
