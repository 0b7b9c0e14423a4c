//! An object in a bucket.

use std::collections::HashMap;
use std::time::SystemTime;

use s3s::dto::ETagCondition;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::bodies::StoredBody;

/// An object. Its serialized form is the description on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::s3) struct StoredObject {
    pub(in crate::s3) bucket: String,
    pub(in crate::s3) key: String,
    #[serde(rename = "content")]
    pub(in crate::s3) body: StoredBody,
    /// The entity tag, without quotes.
    pub(in crate::s3) e_tag: String,
    pub(in crate::s3) last_modified: SystemTime,
    pub(in crate::s3) headers: ObjectHeaders,
    pub(in crate::s3) tags: Vec<(String, String)>,
}

/// The headers that a client stores with an object.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::s3) struct ObjectHeaders {
    pub(in crate::s3) content_type: Option<String>,
    pub(in crate::s3) content_encoding: Option<String>,
    pub(in crate::s3) content_disposition: Option<String>,
    pub(in crate::s3) content_language: Option<String>,
    pub(in crate::s3) cache_control: Option<String>,
    pub(in crate::s3) metadata: HashMap<String, String>,
}

/// What must be true of the object that a new one replaces.
#[derive(Debug, Default)]
pub(in crate::s3) struct Preconditions {
    pub(in crate::s3) if_match: Option<ETagCondition>,
    pub(in crate::s3) if_none_match: Option<ETagCondition>,
}

impl StoredObject {
    /// An object without headers and tags.
    pub(in crate::s3) fn new(bucket: &str, key: &str, body: StoredBody, e_tag: String) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            body,
            e_tag,
            last_modified: SystemTime::now(),
            headers: ObjectHeaders::default(),
            tags: Vec::new(),
        }
    }

    /// Whether the object has the entity tag that the condition names. `*` names any.
    pub(in crate::s3) fn matches(&self, condition: &ETagCondition) -> bool {
        let e_tag = condition.as_etag();
        e_tag.is_none_or(|e_tag| e_tag.value() == self.e_tag)
    }
}

impl Preconditions {
    /// Compares the conditions with the existing object, if there is one.
    pub(super) fn check(&self, existing: Option<&StoredObject>) -> S3Result<()> {
        let matches =
            |condition: &ETagCondition| existing.is_some_and(|object| object.matches(condition));

        let is_missing = self.if_match.as_ref().is_some_and(|c| !matches(c));
        let is_present = self.if_none_match.as_ref().is_some_and(matches);

        if is_missing || is_present {
            return Err(s3_error!(PreconditionFailed));
        }

        Ok(())
    }
}
