//! The checksums that S3 keeps of objects ("Checking object integrity in Amazon S3", Amazon S3 User
//! Guide, 2026).

use crc_fast::{CrcAlgorithm, checksum_combine};
use s3s::checksum::ChecksumHasher;
use s3s::dto::{Checksum, ChecksumType};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::aws::digest::{base64, from_base64};

/// A kind of checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::s3) enum ChecksumKind {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

/// The checksum of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::s3) struct ObjectChecksum {
    pub(in crate::s3) kind: ChecksumKind,
    /// As in a header: in base64, with the number of parts if it is composite.
    value: String,
    /// Whether it is that of the checksums of the parts.
    is_composite: bool,
    /// The checksums of the parts; none if the object was not uploaded in parts.
    parts: Vec<String>,
}

/// The checksum that an upload will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::s3) struct UploadChecksum {
    pub(in crate::s3) kind: ChecksumKind,
    is_composite: bool,
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
        kinds.find(|kind| kind.name() == name).ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "the checksum algorithm is not supported; use one of CRC32, CRC32C, CRC64NVME, \
                 SHA1 and SHA256"
            )
        })
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
    fn combinable(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }
}

impl ObjectChecksum {
    /// The checksum of a body that was put as a whole, if it has one.
    pub(in crate::s3) fn whole(checksum: &Checksum) -> Option<Self> {
        ChecksumKind::ALL.into_iter().find_map(|kind| {
            let value = kind.value(checksum)?;
            Some(Self {
                kind,
                value: value.to_owned(),
                is_composite: false,
                parts: Vec::new(),
            })
        })
    }

    /// The checksum for a response.
    pub(in crate::s3) fn shown(&self) -> Checksum {
        self.with_type(&self.value)
    }

    /// The checksum of the part at this position, counted from 0, for a response.
    pub(in crate::s3) fn shown_part(&self, position: usize) -> Checksum {
        self.with_type(self.parts.get(position).unwrap_or(&self.value))
    }

    fn with_type(&self, value: &str) -> Checksum {
        Checksum {
            checksum_type: Some(checksum_type(self.is_composite)),
            ..self.kind.with_value(value)
        }
    }

    /// Whether a client may claim this value. It may leave the number of parts out.
    pub(super) fn is(&self, claim: &str) -> bool {
        let digest = self.value.split('-').next();
        claim == self.value || self.is_composite && Some(claim) == digest
    }
}

impl UploadChecksum {
    /// The checksum of a new upload. Only CRCs can be combined to that of the whole object.
    pub(in crate::s3) fn new(kind: ChecksumKind, asked: Option<&str>) -> S3Result<Self> {
        let is_composite = match asked {
            Some(ChecksumType::COMPOSITE) => true,
            Some(ChecksumType::FULL_OBJECT) => false,
            Some(_) => return Err(s3_error!(InvalidRequest, "the checksum type is unknown")),
            None => kind != ChecksumKind::Crc64nvme,
        };

        let is_possible = match is_composite {
            true => kind != ChecksumKind::Crc64nvme,
            false => kind.combinable().is_some(),
        };
        if !is_possible {
            return Err(s3_error!(
                InvalidRequest,
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                checksum_type(is_composite).as_str(),
                kind.name().to_lowercase()
            ));
        }

        Ok(Self { kind, is_composite })
    }

    pub(in crate::s3) fn checksum_type(self) -> ChecksumType {
        checksum_type(self.is_composite)
    }

    /// The checksum of the object that consists of these parts: their checksums, and their lengths
    /// in bytes. `None` if a part has no checksum.
    pub(super) fn of_parts(self, parts: &[(Option<&str>, u64)]) -> Option<ObjectChecksum> {
        let digests = parts
            .iter()
            .map(|(value, length)| Some((from_base64((*value)?)?, *length)))
            .collect::<Option<Vec<_>>>()?;

        let value = match self.is_composite {
            true => self.composite(&digests)?,
            false => self.combined(&digests)?,
        };

        Some(ObjectChecksum {
            kind: self.kind,
            value,
            is_composite: self.is_composite,
            parts: parts
                .iter()
                .filter_map(|(value, _)| value.map(str::to_owned))
                .collect(),
        })
    }

    /// The checksum of the checksums, with their number.
    fn composite(self, digests: &[(Vec<u8>, u64)]) -> Option<String> {
        let mut hasher = ChecksumKind::hasher(|kind| kind == self.kind);
        for (digest, _) in digests {
            hasher.update(digest);
        }

        let checksum = hasher.finalize();
        let value = self.kind.value(&checksum)?;
        Some(format!("{value}-{}", digests.len()))
    }

    /// The checksum of all bytes, from those of the parts.
    fn combined(self, digests: &[(Vec<u8>, u64)]) -> Option<String> {
        let algorithm = self.kind.combinable()?;
        let number =
            |digest: &[u8]| (digest.iter()).fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));

        let ((first, _), others) = digests.split_first()?;
        let combined = others.iter().fold(number(first), |sum, (digest, length)| {
            checksum_combine(algorithm, sum, number(digest), *length)
        });

        let bytes = combined.to_be_bytes();
        let width = first.len().min(bytes.len());
        Some(base64(&bytes[bytes.len() - width..]))
    }
}

fn checksum_type(is_composite: bool) -> ChecksumType {
    ChecksumType::from_static(match is_composite {
        true => ChecksumType::COMPOSITE,
        false => ChecksumType::FULL_OBJECT,
    })
}
