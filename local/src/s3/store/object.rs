//! An object in a bucket, and the versions of a key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use s3s::dto::{ETagCondition, StorageClass, Timestamp, TimestampFormat};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::bodies::StoredBody;
use super::checksum::ObjectChecksum;

/// The id of a version that was created without versioning.
pub(in crate::s3) const NULL_VERSION: &str = "null";

/// A version of a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyVersion {
    /// An object.
    Object(Arc<StoredObject>),
    /// A mark that the key is deleted. Older versions still exist.
    DeleteMarker(Arc<DeleteMarker>),
}

/// An object. Its serialized form stands in the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredObject {
    /// The id of the version; `None` if it was created without versioning.
    pub(in crate::s3) version_id: Option<String>,
    pub(in crate::s3) body: StoredBody,
    /// The entity tag, without quotes.
    pub(in crate::s3) e_tag: String,
    pub(in crate::s3) last_modified: SystemTime,
    pub(in crate::s3) headers: ObjectHeaders,
    pub(in crate::s3) tags: Vec<(String, String)>,
    pub(in crate::s3) checksum: Option<ObjectChecksum>,
}

/// A mark that a key is deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DeleteMarker {
    /// The id of the version; `None` if it was created without versioning.
    pub(in crate::s3) version_id: Option<String>,
    pub(in crate::s3) last_modified: SystemTime,
}

/// The headers that a client stores with an object.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::s3) struct ObjectHeaders {
    pub(in crate::s3) content_type: Option<String>,
    pub(in crate::s3) content_encoding: Option<String>,
    pub(in crate::s3) content_disposition: Option<String>,
    pub(in crate::s3) content_language: Option<String>,
    pub(in crate::s3) cache_control: Option<String>,
    pub(in crate::s3) expires: Option<Timestamp>,
    /// The storage class; `None` for the usual one.
    pub(in crate::s3) storage_class: Option<String>,
    pub(in crate::s3) website_redirect_location: Option<String>,
    pub(in crate::s3) metadata: HashMap<String, String>,
}

/// What must be true of the object that a new one replaces.
#[derive(Debug, Default)]
pub(in crate::s3) struct Preconditions {
    pub(in crate::s3) if_match: Option<ETagCondition>,
    pub(in crate::s3) if_none_match: Option<ETagCondition>,
}

impl KeyVersion {
    /// The id of the version, as S3 writes it.
    pub(in crate::s3) fn id(&self) -> &str {
        let id = match self {
            Self::Object(object) => &object.version_id,
            Self::DeleteMarker(marker) => &marker.version_id,
        };

        id.as_deref().unwrap_or(NULL_VERSION)
    }

    /// The object; `None` for a delete marker.
    pub(in crate::s3) fn object(&self) -> Option<&Arc<StoredObject>> {
        match self {
            Self::Object(object) => Some(object),
            Self::DeleteMarker(_) => None,
        }
    }
}

impl StoredObject {
    /// An object without headers and tags, created now.
    pub(in crate::s3) fn new(body: StoredBody, e_tag: String) -> Self {
        Self {
            version_id: None,
            body,
            e_tag,
            last_modified: SystemTime::now(),
            headers: ObjectHeaders::default(),
            tags: Vec::new(),
            checksum: None,
        }
    }

    /// The storage class, as listings name it.
    pub(in crate::s3) fn storage_class(&self) -> &str {
        self.headers.listed_storage_class()
    }

    /// Whether the object was uploaded in parts.
    pub(in crate::s3) fn is_multipart(&self) -> bool {
        self.e_tag.contains('-')
    }

    /// Whether the object has the entity tag that the condition names. `*` names any.
    pub(in crate::s3) fn matches(&self, condition: &ETagCondition) -> bool {
        let e_tag = condition.as_etag();
        e_tag.is_none_or(|e_tag| e_tag.value() == self.e_tag)
    }
}

impl ObjectHeaders {
    /// The storage class, as listings name it.
    pub(super) fn listed_storage_class(&self) -> &str {
        let class = self.storage_class.as_deref();
        class.unwrap_or(StorageClass::STANDARD)
    }
}

impl Preconditions {
    /// Compares the conditions with the existing object, if there is one.
    pub(super) fn check(&self, existing: Option<&StoredObject>) -> S3Result<()> {
        let matches =
            |condition: &ETagCondition| existing.is_some_and(|object| object.matches(condition));

        if self.if_match.is_some() && existing.is_none() {
            return Err(s3_error!(NoSuchKey));
        }

        let is_missing = self.if_match.as_ref().is_some_and(|c| !matches(c));
        let is_present = self.if_none_match.as_ref().is_some_and(matches);

        if is_missing || is_present {
            return Err(s3_error!(PreconditionFailed));
        }

        Ok(())
    }
}

/// What must be true of the object that is deleted.
#[derive(Debug, Default)]
pub(in crate::s3) struct DeleteConditions {
    pub(in crate::s3) e_tag: Option<ETagCondition>,
    /// The size in bytes.
    pub(in crate::s3) size: Option<i64>,
    pub(in crate::s3) last_modified: Option<Timestamp>,
}

impl DeleteConditions {
    pub(super) fn is_empty(&self) -> bool {
        self.e_tag.is_none() && self.size.is_none() && self.last_modified.is_none()
    }

    /// Compares the conditions with the object.
    pub(super) fn check(&self, object: &StoredObject) -> S3Result<()> {
        let is_size = |size: &i64| u64::try_from(*size) == Ok(object.body.len());
        let is_date = |date: &Timestamp| date_seconds(date) == seconds(object.last_modified);

        if self
            .e_tag
            .as_ref()
            .is_none_or(|e_tag| object.matches(e_tag))
            && self.size.as_ref().is_none_or(is_size)
            && self.last_modified.as_ref().is_none_or(is_date)
        {
            return Ok(());
        }

        Err(s3_error!(PreconditionFailed))
    }
}

/// A time in the whole seconds that HTTP's dates have.
pub(in crate::s3) fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.as_ref().map_or(0, Duration::as_secs)).unwrap_or(i64::MAX)
}

/// A date of a request in whole seconds.
pub(in crate::s3) fn date_seconds(date: &Timestamp) -> i64 {
    let mut text = Vec::new();
    let formatted = date.format(TimestampFormat::EpochSeconds, &mut text);
    let text = formatted.ok().and_then(|()| String::from_utf8(text).ok());
    let whole = text.as_deref().and_then(|text| text.split('.').next());

    whole
        .and_then(|whole| whole.parse().ok())
        .unwrap_or_default()
}
