//! The checksum of an object.

use s3s::dto::{Checksum, ChecksumType};
use serde::{Deserialize, Serialize};

use super::kind::ChecksumKind;

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

impl ObjectChecksum {
    /// The checksum of this kind of a body that was put as a whole, if it is there.
    pub(in crate::s3) fn whole(kind: ChecksumKind, checksum: &Checksum) -> Option<Self> {
        Some(Self {
            kind,
            value: kind.value(checksum)?.to_owned(),
            is_composite: false,
            parts: Vec::new(),
        })
    }

    /// The checksum of an object that was uploaded in parts with these checksums.
    pub(super) fn of_parts(
        kind: ChecksumKind,
        value: String,
        is_composite: bool,
        parts: Vec<String>,
    ) -> Self {
        Self {
            kind,
            value,
            is_composite,
            parts,
        }
    }

    /// The checksum for a response.
    pub(in crate::s3) fn shown(&self) -> Checksum {
        self.with_type(&self.value)
    }

    /// The checksum for `GetObjectAttributes`, which leaves the number of parts out.
    pub(in crate::s3) fn attribute(&self) -> Checksum {
        self.with_type(self.digest())
    }

    /// The checksums of the parts for a response. S3 shows them only if they make the object's.
    pub(in crate::s3) fn shown_parts(&self) -> impl Iterator<Item = Checksum> {
        let parts = self.parts.iter().filter(|_| self.is_composite);
        parts.map(|value| self.kind.with_value(value))
    }

    /// The checksum of the part at this position, counted from 0, for a response. The only part of
    /// an object has that of the object.
    pub(in crate::s3) fn shown_part(&self, position: usize) -> Option<Checksum> {
        let value = match self.parts.get(position) {
            Some(part) => Some(part).filter(|_| self.is_composite || self.parts.len() == 1),
            None => Some(&self.value),
        };

        value.map(|value| self.with_type(value))
    }

    fn with_type(&self, value: &str) -> Checksum {
        Checksum {
            checksum_type: Some(checksum_type(self.is_composite)),
            ..self.kind.with_value(value)
        }
    }

    /// Whether a client may claim this value. It may leave the number of parts out.
    pub(in crate::s3::store) fn is(&self, claim: &str) -> bool {
        claim == self.value || claim == self.digest()
    }

    /// The value without the number of parts.
    fn digest(&self) -> &str {
        self.value.split('-').next().unwrap_or_default()
    }
}

pub(super) fn checksum_type(is_composite: bool) -> ChecksumType {
    ChecksumType::from_static(match is_composite {
        true => ChecksumType::COMPOSITE,
        false => ChecksumType::FULL_OBJECT,
    })
}
