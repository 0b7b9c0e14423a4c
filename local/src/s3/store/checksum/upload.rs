//! The checksum of an object that is uploaded in parts.

use crc_fast::checksum_combine;
use s3s::dto::ChecksumType;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::kind::ChecksumKind;
use super::object::{ObjectChecksum, checksum_type};
use crate::aws::digest::{base64, from_base64};

/// The checksum that an upload will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::s3) struct UploadChecksum {
    pub(in crate::s3) kind: ChecksumKind,
    is_composite: bool,
    /// Whether the client named no algorithm. Then its parts may have any checksums, and answers
    /// about the upload name none.
    #[serde(default)]
    pub(in crate::s3) is_default: bool,
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

        Ok(Self {
            kind,
            is_composite,
            is_default: false,
        })
    }

    /// The checksum of a new upload whose client names no algorithm.
    pub(in crate::s3) fn unnamed() -> Self {
        Self {
            kind: ChecksumKind::default(),
            is_composite: false,
            is_default: true,
        }
    }

    /// Whether the object's checksum is that of the checksums of its parts.
    pub(in crate::s3) fn is_composite(self) -> bool {
        self.is_composite
    }

    /// The algorithm and the type for answers about the upload, if the client named them.
    pub(in crate::s3) fn named(self) -> Option<Self> {
        (!self.is_default).then_some(self)
    }

    /// Refuses a part that has another kind of checksum. A composite checksum needs that of each
    /// part, a checksum of the whole object does not.
    pub(in crate::s3) fn check_part(self, sent: Option<ChecksumKind>) -> S3Result<()> {
        let is_right = match sent {
            Some(sent) => self.is_default || sent == self.kind,
            None => !self.is_composite,
        };

        if is_right {
            return Ok(());
        }

        Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            self.kind.name().to_lowercase(),
            sent.map_or(String::from("null"), |sent| sent.name().to_lowercase())
        ))
    }

    pub(in crate::s3) fn checksum_type(self) -> ChecksumType {
        checksum_type(self.is_composite)
    }

    /// The checksum of the object that consists of these parts: their checksums, and their lengths
    /// in bytes. `None` if a part has no checksum.
    pub(in crate::s3::store) fn of_parts(
        self,
        parts: &[(Option<&str>, u64)],
    ) -> Option<ObjectChecksum> {
        let digests = parts
            .iter()
            .map(|(value, length)| Some((from_base64((*value)?)?, *length)))
            .collect::<Option<Vec<_>>>()?;

        let value = match self.is_composite {
            true => self.composite(&digests)?,
            false => self.combined(&digests)?,
        };

        let parts = parts.iter();
        let parts = parts.filter_map(|(value, _)| value.map(str::to_owned));
        Some(ObjectChecksum::of_parts(
            self.kind,
            value,
            self.is_composite,
            parts.collect(),
        ))
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
