//! A multipart upload that is not completed yet, and what is remembered of one that is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use s3s::dto::Checksum;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::bodies::StoredBody;
use super::checksum::{ObjectChecksum, UploadChecksum};
use super::object::ObjectHeaders;

/// The smallest part of an upload, except for the last one ("Amazon S3 multipart upload limits",
/// Amazon S3 User Guide, 2026).
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// A multipart upload. Its serialized form stands in the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(super) bucket: String,
    pub(in crate::s3) key: String,
    pub(in crate::s3) initiated: SystemTime,
    pub(in crate::s3) parts: BTreeMap<i32, Arc<StoredPart>>,
    pub(super) headers: ObjectHeaders,
    pub(super) tags: Vec<(String, String)>,
    pub(in crate::s3) checksum: Option<UploadChecksum>,
    /// The sequencer of the upload's start. The event of the completed object has it.
    pub(super) sequencer: String,
}

/// A part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredPart {
    pub(in crate::s3) body: StoredBody,
    /// The entity tag, without quotes.
    pub(in crate::s3) e_tag: String,
    pub(in crate::s3) last_modified: SystemTime,
    /// The checksum of the upload's kind, as in a header.
    pub(in crate::s3) checksum: Option<String>,
}

/// A part as a client names it, to complete an upload.
pub(in crate::s3) struct ClaimedPart {
    pub(in crate::s3) number: i32,
    /// The entity tag, without quotes.
    pub(in crate::s3) e_tag: String,
    pub(in crate::s3) checksum: Checksum,
}

/// An upload that was completed or aborted. It is remembered, so that a client that did not get the
/// answer can ask again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EndedUpload {
    pub(super) bucket: String,
    pub(super) key: String,
    /// What the client got; `None` if the upload was aborted.
    pub(super) completed: Option<CompletedUpload>,
}

/// The object that an upload made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CompletedUpload {
    pub(in crate::s3) e_tag: String,
    pub(in crate::s3) version_id: Option<String>,
    pub(in crate::s3) checksum: Option<ObjectChecksum>,
}

impl Upload {
    /// Checks that these parts make an object.
    pub(super) fn check_parts(&self, parts: &[ClaimedPart]) -> S3Result<()> {
        if parts.is_empty() {
            return Err(s3_error!(
                MalformedXML,
                "an upload needs at least one part to be completed"
            ));
        }

        if !parts.is_sorted_by(|before, after| before.number < after.number) {
            return Err(s3_error!(InvalidPartOrder));
        }

        for (position, claim) in parts.iter().enumerate() {
            let number = claim.number;
            let part = self.parts.get(&number);
            let part =
                part.filter(|part| part.e_tag == claim.e_tag && self.has_checksum(part, claim));
            let part = part.ok_or_else(|| {
                s3_error!(
                    InvalidPart,
                    "part {number} does not exist, or has another entity tag or checksum"
                )
            })?;

            let is_last = position + 1 == parts.len();
            if part.body.len() < MIN_PART_BYTES && !is_last {
                return Err(s3_error!(
                    EntityTooSmall,
                    "part {number} is smaller than 5 MiB and not the last one"
                ));
            }
        }

        Ok(())
    }

    /// Whether a part has the checksum that the client names, if it names one.
    fn has_checksum(&self, part: &StoredPart, claim: &ClaimedPart) -> bool {
        let claim = self
            .checksum
            .and_then(|sum| sum.kind.value(&claim.checksum));
        claim.is_none_or(|claim| part.checksum.as_deref() == Some(claim))
    }
}

impl StoredPart {
    pub(in crate::s3) fn new(body: StoredBody, e_tag: String) -> Self {
        Self {
            body,
            e_tag,
            last_modified: SystemTime::now(),
            checksum: None,
        }
    }
}
