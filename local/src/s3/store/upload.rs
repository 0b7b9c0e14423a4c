//! A multipart upload that is not completed yet, and what is remembered of one that is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use s3s::dto::{Checksum, ChecksumType};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::bodies::StoredBody;
use super::checksum::{ChecksumKind, ObjectChecksum, UploadChecksum};
use super::object::{ObjectHeaders, StoredObject};

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
    /// The checksum that the client sent, if it is of another kind.
    #[serde(default)]
    pub(in crate::s3) claimed: Option<(ChecksumKind, String)>,
}

/// What a client says about an upload to complete it.
pub(in crate::s3) struct ClaimedUpload {
    pub(in crate::s3) parts: Vec<ClaimedPart>,
    /// The checksum of the object.
    pub(in crate::s3) checksum: Checksum,
    pub(in crate::s3) checksum_type: Option<ChecksumType>,
    /// The size of the object in bytes.
    pub(in crate::s3) size: Option<i64>,
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
    /// The storage class that the object will have, as listings name it.
    pub(in crate::s3) fn storage_class(&self) -> &str {
        self.headers.listed_storage_class()
    }

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
            self.check_is_complete(claim)?;
            let part = self.parts.get(&number);
            let part = part.filter(|part| part.e_tag == claim.e_tag && part.has_checksums(claim));
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

    /// A composite checksum needs the checksum of each part.
    fn check_is_complete(&self, claim: &ClaimedPart) -> S3Result<()> {
        let composite = self.checksum.filter(|sum| sum.is_composite());
        let missing = composite.filter(|sum| sum.kind.value(&claim.checksum).is_none());

        match missing {
            None => Ok(()),
            Some(sum) => Err(s3_error!(
                InvalidRequest,
                "The upload was created using a {} checksum. The complete request must include \
                 the checksum for each part. It was missing for part {} in the request.",
                sum.kind.name().to_lowercase(),
                claim.number
            )),
        }
    }

    /// Checks what a client says about the object that the parts make.
    pub(super) fn check_object(
        &self,
        claim: &ClaimedUpload,
        object: &StoredObject,
    ) -> S3Result<()> {
        let size = object.body.len();
        let claimed_size = claim.size;
        if claimed_size.is_some_and(|claimed| u64::try_from(claimed) != Ok(size)) {
            return Err(s3_error!(
                InvalidRequest,
                "The provided 'x-amz-mp-object-size' header does not match what was computed: the \
                 parts have {size} bytes"
            ));
        }

        let Some(upload) = self.checksum else {
            return Ok(());
        };
        let asked = claim.checksum_type.as_ref();
        if asked.is_some_and(|asked| *asked != upload.checksum_type()) {
            return Err(s3_error!(
                BadDigest,
                "the checksum type is not that of the upload, {}",
                upload.checksum_type().as_str()
            ));
        }

        let mut kinds = ChecksumKind::ALL.into_iter();
        let claimed = kinds.find(|kind| kind.value(&claim.checksum).is_some());
        let Some(kind) = claimed else {
            return Ok(());
        };
        if kind != upload.kind {
            return Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum \
                 Type: {}",
                upload.kind.name().to_lowercase(),
                kind.name().to_lowercase()
            ));
        }

        let value = kind.value(&claim.checksum).unwrap_or_default();
        match &object.checksum {
            Some(checksum) if !checksum.is(value) => Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                kind.name()
            )),
            _ => Ok(()),
        }
    }
}

impl StoredPart {
    pub(in crate::s3) fn new(body: StoredBody, e_tag: String) -> Self {
        Self {
            body,
            e_tag,
            last_modified: SystemTime::now(),
            checksum: None,
            claimed: None,
        }
    }

    /// Whether the part has each checksum that the client names.
    fn has_checksums(&self, claim: &ClaimedPart) -> bool {
        let values = ChecksumKind::ALL.into_iter().filter_map(|kind| {
            let value = kind.value(&claim.checksum)?;
            Some((kind, value))
        });

        values.into_iter().all(|(kind, value)| {
            let is_claimed =
                |claimed: &(ChecksumKind, String)| *claimed == (kind, value.to_owned());
            self.checksum.as_deref() == Some(value) || self.claimed.as_ref().is_some_and(is_claimed)
        })
    }
}
