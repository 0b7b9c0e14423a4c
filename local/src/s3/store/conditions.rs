//! The conditions of deletions.

use std::time::{Duration, SystemTime};

use s3s::dto::{ETagCondition, Timestamp, TimestampFormat};
use s3s::{S3Result, s3_error};

use super::object::StoredObject;

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
